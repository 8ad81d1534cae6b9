//! The steps of a job: counted, the failed ones first, by host where there are several.

use super::tone;
use crate::{
    core::{
        jobs::model::{JobDetail, JobId, JobState, JobStep},
        url::url,
    },
    ui::{Ago, Column, StateBadge, Table},
};
use leptos::prelude::*;
use std::collections::BTreeMap;

const COLUMNS: &[Column] = &[
    Column::new("Target"),
    Column::new("State"),
    Column::new("Finished").class("only-wide"),
    Column::new("Outcome"),
];

/// Which steps are shown, as the address says it (`?show=failed`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Show {
    #[default]
    All,
    Failed,
    Skipped,
    Unfinished,
    Succeeded,
}

impl Show {
    const EACH: [Self; 5] = [
        Self::All,
        Self::Failed,
        Self::Skipped,
        Self::Unfinished,
        Self::Succeeded,
    ];

    pub fn read(text: &str) -> Self {
        Self::EACH
            .into_iter()
            .find(|it| it.as_str() == text)
            .unwrap_or_default()
    }
    fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unfinished => "unfinished",
            Self::Succeeded => "ok",
        }
    }
    fn has(self, step: &JobStep) -> bool {
        self == Self::All || self == Self::of(step)
    }
    /// Every step is one of these four. What never began was skipped, not failed.
    fn of(step: &JobStep) -> Self {
        match step.state {
            JobState::Queued | JobState::Running => Self::Unfinished,
            JobState::Succeeded => Self::Succeeded,
            JobState::Cancelled | JobState::Interrupted if step.started_at.is_none() => Self::Skipped,
            JobState::Failed | JobState::Cancelled | JobState::Interrupted => Self::Failed,
        }
    }
    /// Place in the list: what needs a person first.
    fn rank(self) -> u8 {
        match self {
            Self::Failed => 0,
            Self::Skipped => 1,
            Self::Unfinished => 2,
            Self::All | Self::Succeeded => 3,
        }
    }
}

/// How many steps there are of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Counts([u32; Show::EACH.len()]);

impl Counts {
    fn of<'a>(steps: impl Iterator<Item = &'a JobStep>) -> Self {
        let mut counts = Self::default();
        for step in steps {
            for (place, show) in Show::EACH.iter().enumerate() {
                counts.0[place] += u32::from(show.has(step));
            }
        }
        counts
    }
    /// `3 ok, 1 failed`; what there is none of is left out.
    fn text(self) -> String {
        let parts = Show::EACH.iter().zip(self.0).skip(1).filter(|(_, n)| *n > 0);
        parts
            .map(|(show, n)| format!("{n} {}", show.as_str()))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// A line of the table: a step, or the head of those of one host.
#[derive(Clone, Debug, PartialEq)]
enum Line {
    Place(String, Counts),
    Step(JobStep),
}

impl Line {
    fn key(&self) -> (String, u32, Option<JobState>, Counts) {
        match self {
            Self::Place(place, counts) => (place.clone(), 0, None, *counts),
            Self::Step(step) => (String::new(), step.index, Some(step.state), Counts::default()),
        }
    }
}

/// The steps that are shown, by host where several are named: the ones with failures first.
fn lines(steps: &[JobStep], show: Show) -> Vec<Line> {
    let mut places: BTreeMap<Option<&str>, Vec<&JobStep>> = BTreeMap::new();
    for step in steps {
        places.entry(step.target.place.as_deref()).or_default().push(step);
    }
    let heads = places.len() > 1;
    let mut places: Vec<_> = places.into_iter().collect();
    let worst = |steps: &[&JobStep]| steps.iter().map(|s| Show::of(s).rank()).min();
    places.sort_by_key(|(place, steps)| (worst(steps), place.map(str::to_owned)));
    let mut lines = Vec::new();
    for (place, mut steps) in places {
        let counts = Counts::of(steps.iter().copied());
        steps.retain(|step| show.has(step));
        steps.sort_by_key(|step| (Show::of(step).rank(), step.index));
        if heads && !steps.is_empty() {
            lines.push(Line::Place(place.unwrap_or("elsewhere").to_owned(), counts));
        }
        lines.extend(steps.into_iter().cloned().map(Line::Step));
    }
    lines
}

#[component]
pub(super) fn Steps(job: RwSignal<JobDetail>, show: Memo<Show>) -> impl IntoView {
    let shown = Memo::new(move |_| job.with(|j| lines(&j.steps, show.get())));
    view! {
        <Filter job show />
        <Table caption="Steps" columns=COLUMNS>
            <For each=move || shown.get() key=Line::key children=line />
        </Table>
    }
}

/// Counts that are links to the steps that they count; none for a job with one step.
#[component]
fn Filter(job: RwSignal<JobDetail>, show: Memo<Show>) -> impl IntoView {
    let id: JobId = job.with_untracked(|j| j.summary.id);
    let counts = Memo::new(move |_| job.with(|j| Counts::of(j.steps.iter())));
    let link = move |place: usize, of: Show| {
        let href = match of {
            Show::All => url(&format!("/activity/{id}")),
            of => url(&format!("/activity/{id}?show={}", of.as_str())),
        };
        let n = move || counts.get().0[place];
        move || {
            let current = show.get() == of;
            (n() > 0 || current).then(|| {
                view! {
                    <a class="tab" href=href.clone() aria-current=current.then_some("page")>
                        {of.as_str()}
                        <span class="count">{n}</span>
                    </a>
                }
            })
        }
    };
    let several = job.with_untracked(|j| j.steps.len() > 1);
    several.then(|| {
        let links = Show::EACH
            .iter()
            .enumerate()
            .map(|(place, of)| link(place, *of))
            .collect_view();
        view! { <nav class="tabs" aria-label="Steps by outcome">{links}</nav> }
    })
}

fn line(line: Line) -> AnyView {
    match line {
        Line::Place(place, counts) => view! {
            <tr class="table-group">
                <th scope="row" colspan="4">
                    {place}
                    <span class="muted">" " {counts.text()}</span>
                </th>
            </tr>
        }
        .into_any(),
        Line::Step(step) => view! {
            <tr>
                <th scope="row">{step.target.label}</th>
                <td><StateBadge tone=tone(step.state) text=step.state.as_str().to_owned() /></td>
                <td class="only-wide">{step.finished_at.map(|at| view! { <Ago at /> })}</td>
                <td class="muted">{step.error}</td>
            </tr>
        }
        .into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::{ObjectRef, UnixMillis};

    fn step(index: u32, place: &str, state: JobState, began: bool) -> JobStep {
        JobStep {
            index,
            target: ObjectRef::new("container", index, format!("c{index}")).at(place),
            state,
            error: None,
            started_at: began.then_some(UnixMillis(1)),
            finished_at: None,
        }
    }

    #[test]
    fn failed_steps_and_their_hosts_come_first() {
        let steps = [
            step(0, "a", JobState::Succeeded, true),
            step(1, "b", JobState::Succeeded, true),
            step(2, "b", JobState::Failed, true),
            step(3, "b", JobState::Cancelled, false),
        ];
        let keys = |show| -> Vec<String> {
            let name = |line: Line| match line {
                Line::Place(place, counts) => format!("{place}: {}", counts.text()),
                Line::Step(step) => step.target.label,
            };
            lines(&steps, show).into_iter().map(name).collect()
        };
        let (a, b) = ("a: 1 ok", "b: 1 failed, 1 skipped, 1 ok");
        assert_eq!(keys(Show::All), [b, "c2", "c3", "c1", a, "c0"]);
        assert_eq!(keys(Show::Failed), [b, "c2"]);
        assert_eq!(keys(Show::Succeeded), [b, "c1", a, "c0"]);
        assert_eq!(Show::read("nonsense"), Show::All);
    }
}
