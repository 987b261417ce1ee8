//! One subscription that goes on as another.

use chrono::TimeDelta;

use super::track::{Point, Track};
use crate::policy::Policy;
use crate::{ObjectKey, Timestamp};

/// Where a subscription stops and one of the same supplier starts within the days that the policy bridges, the first is
/// taken to last until the second starts, so that the supplier never left.
pub(super) fn bridge_gaps(tracks: &mut [(&ObjectKey, Track)], policy: &Policy) {
    let gap = TimeDelta::days(i64::from(policy.gap_days));
    let starts: Vec<Timestamp> = tracks.iter().flat_map(|(_, track)| changes(track, is_start)).collect();
    for (_, track) in tracks {
        for stop in changes(track, is_stop) {
            let next = starts
                .iter()
                .filter(|start| **start > stop && start.signed_duration_since(stop) <= gap)
                .min();
            if let Some(start) = next {
                hold(track, stop, *start);
            }
        }
    }
}

/// Leaves out what the track says from `stop` on, until `start`.
fn hold(track: &mut Track, stop: Timestamp, start: Timestamp) {
    let last = track.points.iter().rfind(|point| point.at >= stop && point.at < start).cloned();
    track.points.retain(|point| point.at < stop || point.at >= start);
    let place = track.points.partition_point(|point| point.at < start);
    let goes_on = track.points.get(place).is_some_and(|point| point.at == start);
    if let Some(point) = last.filter(|_| !goes_on) {
        track.points.insert(place, Point { at: start, ..point });
    }
}

fn changes(track: &Track, test: fn(Option<&Point>, &Point) -> bool) -> Vec<Timestamp> {
    let before = std::iter::once(None).chain(track.points.iter().map(Some));
    let pairs = before.zip(&track.points);
    pairs.filter(|(before, after)| test(*before, after)).map(|(_, after)| after.at).collect()
}

/// True where a subscription that paid pays no more, and is not paused.
pub(super) fn is_stop(before: Option<&Point>, after: &Point) -> bool {
    before.is_some_and(|before| before.live && before.mrr.is_positive()) && !after.live && !after.paused
}

/// True where a subscription that did not run, nor was paused, pays.
fn is_start(before: Option<&Point>, after: &Point) -> bool {
    after.live && after.mrr.is_positive() && before.is_none_or(|before| !before.live && !before.paused)
}
