//! The regions of one case in the order in which to look at them.

use serde::{Deserialize, Serialize};

use super::overlaps::matched;
use crate::geometry::{Extent, VoxelBox};
use crate::label::{LabelMap, Provenance};
use crate::review::{ClassShares, Region, RegionId, ValueFactors};
use crate::volume::CaseId;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegionState {
    #[default]
    Open,
    /// Passed over; comes again after all others.
    Skipped,
    Accepted,
    Rejected,
    /// Labelled by hand.
    Repaired,
}

/// What a queue was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueKey {
    pub case: CaseId,
    pub model: String,
    pub step: u64,
    /// Revision of the labels that the queue knows of.
    pub label_revision: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct QueuedRegion {
    pub region: Region,
    pub state: RegionState,
    pub factors: ValueFactors,
}

/// First the visited regions in the order of their visits, then the others by value.
///
/// Values are worked out when a prediction comes, not while the user works: what was shown as next stays next.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewQueue {
    key: QueueKey,
    extent: Extent,
    spacing_mm: [f64; 3],
    regions: Vec<QueuedRegion>,
    /// How many of them were visited.
    visited: usize,
    /// Place of the one that is looked at; always a visited one.
    current: Option<usize>,
    next_id: u64,
}

impl RegionState {
    /// Whether somebody decided about it.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Accepted | Self::Rejected | Self::Repaired)
    }
}

impl QueueKey {
    pub fn new(provenance: &Provenance, label_revision: u64) -> Self {
        let Provenance { case, model, step, .. } = provenance.clone();
        Self { case, model, step, label_revision }
    }
}

impl ReviewQueue {
    pub fn new(
        key: QueueKey,
        extent: Extent,
        spacing_mm: [f64; 3],
        regions: Vec<Region>,
        shares: &ClassShares,
    ) -> Self {
        let mut queue = Self { key, extent, spacing_mm, regions: Vec::new(), visited: 0, current: None, next_id: 0 };
        queue.take_in(regions.into_iter().map(|region| (None, region)).collect(), shares);
        queue
    }

    /// Whether it was made from this prediction and knows of the labels up to this revision.
    pub fn is_for(&self, provenance: &Provenance, label_revision: u64) -> bool {
        let QueueKey { case, model, step, label_revision: known } = &self.key;
        *case == provenance.case && *model == provenance.model && *step == provenance.step && *known == label_revision
    }

    pub fn key(&self) -> &QueueKey {
        &self.key
    }

    /// All regions in their order.
    pub fn regions(&self) -> &[QueuedRegion] {
        &self.regions
    }

    pub fn get(&self, id: RegionId) -> Option<&QueuedRegion> {
        self.regions.get(self.place(id)?)
    }

    pub fn current(&self) -> Option<&QueuedRegion> {
        self.regions.get(self.current?)
    }

    /// Regions that nobody decided about yet.
    pub fn open_count(&self) -> usize {
        self.regions.iter().filter(|r| !r.state.is_settled()).count()
    }

    /// Goes to the next region that is not settled; an open one that is left is skipped. Skipped ones come again once there are
    /// no others. `None` if no other is left; the current one then stays.
    pub fn next_region(&mut self) -> Option<&QueuedRegion> {
        self.next_where(|_| true)
    }

    /// [`Self::next_region`] among some: of one class, in one slice.
    pub fn next_where(&mut self, wanted: impl Fn(&Region) -> bool) -> Option<&QueuedRegion> {
        if let Some(left) = self.current.and_then(|place| self.regions.get_mut(place))
            && left.state == RegionState::Open
        {
            left.state = RegionState::Skipped;
        }
        let start = self.current.map_or(0, |current| current + 1);
        let others = (start..self.regions.len()).chain(0..start.saturating_sub(1));
        let mut wanted =
            others.filter(|place| self.regions.get(*place).is_some_and(|r| !r.state.is_settled() && wanted(&r.region)));
        let place = wanted.next()?;
        self.visit(place)
    }

    /// Back to the region visited before; `None` if there is none.
    pub fn previous(&mut self) -> Option<&QueuedRegion> {
        let place = self.current.unwrap_or(self.visited).checked_sub(1)?;
        self.visit(place)
    }

    /// To a region that was picked; nothing is skipped.
    pub fn go_to(&mut self, id: RegionId) -> Option<&QueuedRegion> {
        self.visit(self.place(id)?)
    }

    /// Also for taking a decision back. False if there is no such region.
    pub fn set_state(&mut self, id: RegionId, state: RegionState) -> bool {
        let Some(place) = self.place(id) else { return false };
        self.regions[place].state = state;
        if state.is_settled() {
            self.remember(place);
        }
        true
    }

    /// Regions in the box whose voxels are all known are done; accepted and repaired ones of which nothing is known any more
    /// (the edit was undone) are open again.
    pub fn labels_changed(&mut self, labels: &LabelMap, dirty: &VoxelBox) {
        if labels.extent() != self.extent {
            return;
        }
        self.key.label_revision = labels.revision();
        for place in 0..self.regions.len() {
            let QueuedRegion { region, state, .. } = &self.regions[place];
            if region.bounds.intersect(dirty).is_empty() {
                continue;
            }
            let known = region.known_count(labels);
            match state {
                RegionState::Open | RegionState::Skipped if known == region.voxel_count => {
                    // Accepted with its slice or its case, or anew after an undo.
                    let is_accepted = region.is_accepted(labels);
                    self.regions[place].state = if is_accepted { RegionState::Accepted } else { RegionState::Repaired };
                    self.remember(place);
                }
                RegionState::Accepted | RegionState::Repaired if known == 0 => {
                    self.regions[place].state = RegionState::Open;
                }
                _ => {}
            }
        }
    }

    /// Takes the regions of a new prediction in. Those that are there already keep their identity and, if visited, their
    /// place; what was decided stays. The current region stays where it is, even if it is doubtful no longer; other
    /// undecided regions that are not are gone.
    pub fn refresh(&mut self, key: QueueKey, regions: Vec<Region>, shares: &ClassShares) {
        if key.case != self.key.case {
            *self = Self::new(key, self.extent, self.spacing_mm, regions, shares);
            return;
        }
        self.key = key;
        let undecided: Vec<usize> =
            (0..self.regions.len()).filter(|place| !self.regions[*place].state.is_settled()).collect();
        let old: Vec<&Region> = undecided.iter().map(|place| &self.regions[*place].region).collect();
        let first = undecided.iter().position(|place| Some(*place) == self.current);
        let pairs = matched(&old, first, &regions);

        let mut new: Vec<Option<Region>> = regions.into_iter().map(Some).collect();
        let mut renewed: Vec<Option<Region>> = vec![None; self.regions.len()];
        for (old, region) in pairs {
            renewed[undecided[old]] = new[region].take();
        }
        let (visited, current) = (std::mem::take(&mut self.visited), self.current.take());
        let mut rest = Vec::new();
        for (place, (mut queued, renewed)) in std::mem::take(&mut self.regions).into_iter().zip(renewed).enumerate() {
            let is_current = Some(place) == current;
            if place >= visited {
                rest.extend(renewed.map(|region| (Some(queued.region.id), region)));
            } else if renewed.is_some() || is_current || queued.state.is_settled() {
                if let Some(region) = renewed {
                    queued.region = continued(queued.region, region, self.extent, is_current);
                }
                self.current = if is_current { Some(self.visited) } else { self.current };
                self.visited += 1;
                self.regions.push(queued);
            }
        }
        rest.extend(new.into_iter().flatten().map(|region| (None, region)));
        self.take_in(rest, shares);
    }

    /// Ranks regions behind the visited ones; those without an identity get one.
    fn take_in(&mut self, regions: Vec<(Option<RegionId>, Region)>, shares: &ClassShares) {
        let settled = self.regions.iter().filter(|r| r.state.is_settled());
        let reviewed: Vec<VoxelBox> = settled.map(|r| r.region.bounds).collect();
        let mut ranked: Vec<QueuedRegion> = Vec::with_capacity(regions.len());
        for (id, mut region) in regions {
            region.id = id.unwrap_or(RegionId(self.next_id));
            self.next_id += u64::from(id.is_none());
            let factors = ValueFactors::of(&region, &reviewed, shares, self.spacing_mm);
            ranked.push(QueuedRegion { region, state: RegionState::Open, factors });
        }
        ranked.sort_by(|a, b| {
            let tail = a.region.is_scattered.cmp(&b.region.is_scattered);
            let start = |r: &QueuedRegion| r.region.spans.first().map(|s| s.start);
            tail.then(b.factors.value().total_cmp(&a.factors.value())).then(start(a).cmp(&start(b)))
        });
        self.regions.extend(ranked);
    }

    fn place(&self, id: RegionId) -> Option<usize> {
        self.regions.iter().position(|r| r.region.id == id)
    }

    fn visit(&mut self, place: usize) -> Option<&QueuedRegion> {
        let place = self.remember(place);
        self.current = Some(place);
        self.regions.get(place)
    }

    /// Puts an unvisited region behind the visited ones; returns where it is.
    fn remember(&mut self, place: usize) -> usize {
        if place < self.visited || place >= self.regions.len() {
            return place;
        }
        let region = self.regions.remove(place);
        self.regions.insert(self.visited, region);
        self.visited += 1;
        self.visited - 1
    }
}

/// The region of a new prediction in the place of an old one. Whoever looks at it keeps looking at the same voxel as long as
/// that belongs to it.
fn continued(old: Region, new: Region, extent: Extent, is_current: bool) -> Region {
    let stays = is_current && extent.contains(old.centre) && new.holds(extent.index(old.centre));
    let (centre, best_slice) = if stays { (old.centre, old.best_slice) } else { (new.centre, new.best_slice) };
    Region { id: old.id, centre, best_slice, ..new }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
