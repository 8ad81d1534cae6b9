# The front door. Every target is one line; the work is in scripts/ and xtask/.
.PHONY: help run test test-unit test-it test-lab test-browser lint style watch lab lab-down demo bench package
N ?= 3

help: ; @sed -n '/^help/!s/^\([a-z-]*\): .*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22
run: ; @bash scripts/run.sh                        ## set up what is missing, build, serve on 127.0.0.1:3000
test: ; @bash scripts/test.sh all                  ## every layer of tests
test-unit: ; @bash scripts/test.sh unit            ## one layer: the code alone
test-it: ; @bash scripts/test.sh it                ## one layer: the server in one process
test-lab: ; @bash scripts/test.sh lab              ## one layer: against real hosts
test-browser: ; @bash scripts/test.sh browser      ## one layer: the release in Chromium
lint: ; @bash scripts/lint.sh                      ## format, clippy for both targets, styles, licences
style: ; @cargo xtask style                        ## generate style/utilities.css
watch: ; @bash scripts/watch.sh                    ## edit to screen (needs cargo-leptos)
lab: ; @bash scripts/lab.sh up $(N)                ## N real hosts to play with (N=3)
lab-down: ; @bash scripts/lab.sh down              ## end them
demo: ; @bash scripts/demo.sh $(N)                 ## lab and server on an empty data directory
bench: ; @bash scripts/bench.sh                    ## the numbers of docs/performance.md
package: ; @cargo xtask package                    ## the release as a tar ball
