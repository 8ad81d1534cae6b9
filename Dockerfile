# The server as an image: built from this folder, run as an ordinary user on a read-only root.
FROM node:20-bookworm-slim AS node

FROM rust:1.95-bookworm AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && rustup target add wasm32-unknown-unknown
WORKDIR /src
COPY . .
ENV CARGO_TARGET_DIR=/target
RUN cargo xtask build --dist

FROM debian:bookworm-slim
# ssh looks its own user up: without a passwd entry it refuses to start.
RUN apt-get update \
 && apt-get install -y --no-install-recommends openssh-client ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --home-dir /data --no-create-home --shell /usr/sbin/nologin polly \
 && install -d -o polly -g polly -m 0700 /data
COPY --from=build /target/dist/pollysystem /usr/local/bin/pollysystem
USER polly
ENV POLLY_DATA_DIR=/data POLLY_LISTEN=0.0.0.0:3000
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["pollysystem", "health"]
ENTRYPOINT ["pollysystem"]
CMD ["serve"]
