//! The labels, the request and what follows from both: where to look, and how wishes become a change.

use super::draft::Draft;
use super::gate::Gate;
use super::watch::Stage;
use super::{OperationError, OperationRequest, Scope, Watch};
use crate::edit::delta::RunList;
use crate::edit::{Delta, Run};
use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::label::{ClassId, LabelMap, LabelValue};
use crate::volume::Grid;

/// One operation at work. Reads only.
pub(super) struct Task<'a> {
    pub(super) labels: &'a LabelMap,
    pub(super) request: &'a OperationRequest,
    pub(super) watch: &'a Watch,
    /// The voxels in scope.
    pub(super) scope: VoxelBox,
    /// Always finite and above zero.
    pub(super) spacing_mm: [f64; 3],
}

impl<'a> Task<'a> {
    pub(super) fn new(
        labels: &'a LabelMap,
        request: &'a OperationRequest,
        watch: &'a Watch,
    ) -> Result<Self, OperationError> {
        watch.check()?;
        request.check_classes()?;
        let scope = match request.scope {
            Scope::Volume => labels.extent().full_box(),
            Scope::Slice { axis, index } => slice_box(labels.extent(), axis, index)?,
        };
        // A case whose file says nothing useful about its voxels' size is measured in voxels.
        let spacing_mm = request.spacing_mm.map(|s| if s.is_finite() && s > 0.0 { s } else { 1.0 });
        Ok(Self { labels, request, watch, scope, spacing_mm })
    }

    /// The axis of the slice in scope.
    pub(super) fn slice_axis(&self) -> Option<usize> {
        match self.request.scope {
            Scope::Volume => None,
            Scope::Slice { axis, .. } => Some(axis),
        }
    }

    /// Voxels along each axis that a distance reaches, at most the size of the volume.
    pub(super) fn reach(&self, mm: f64) -> [usize; 3] {
        let size = self.labels.extent().to_array();
        // `min` bounds huge numbers and `as` takes what is left exactly; one more voxel makes up for rounding.
        std::array::from_fn(|a| (mm / self.spacing_mm[a]).ceil().min(size[a] as f64) as usize + 1)
    }

    /// A box grown by so many voxels along each axis, within the scope.
    pub(super) fn grown(&self, bounds: VoxelBox, reach: [usize; 3]) -> VoxelBox {
        let (lo, hi) = (bounds.lo.to_array(), bounds.hi.to_array());
        let lo: [usize; 3] = std::array::from_fn(|a| lo[a].saturating_sub(reach[a]));
        let hi: [usize; 3] = std::array::from_fn(|a| hi[a].saturating_add(reach[a]));
        VoxelBox { lo: lo.into(), hi: hi.into() }.intersect(&self.scope)
    }

    /// The smallest box in scope that holds every known voxel of a class.
    pub(super) fn bounds_of(&self, class: ClassId) -> Result<VoxelBox, OperationError> {
        let found = self.bounds_where(|value| is_known(value, class))?;
        found.ok_or(OperationError::Empty(class))
    }

    /// The smallest box in scope that holds every wanted voxel.
    pub(super) fn bounds_where(&self, wanted: impl Fn(LabelValue) -> bool) -> Result<Option<VoxelBox>, OperationError> {
        let mut found: Option<VoxelBox> = None;
        for (done, (y, z)) in rows(self.scope).enumerate() {
            self.watch.step(Stage::LOOK, done, row_count(self.scope))?;
            let row = self.labels.class().row_range(&self.scope, y, z);
            let inside = |&i: &usize| wanted(self.labels.value_at(i));
            if let (Some(first), Some(last)) = (row.clone().find(inside), row.clone().rfind(inside)) {
                let x = |index| self.scope.lo.x + index - row.start;
                let span = VoxelBox { lo: Voxel::new(x(first), y, z), hi: Voxel::new(x(last) + 1, y + 1, z + 1) };
                found = Some(found.map_or(span, |f| f.union(&span)));
            }
        }
        Ok(found)
    }

    /// A copy of a box; `None` if it is empty.
    pub(super) fn read<T: Copy>(&self, bounds: VoxelBox, value: impl Fn(LabelValue) -> T) -> Option<Grid<T>> {
        let extent = Extent::from_array(bounds.size())?;
        let mut out = Vec::with_capacity(extent.voxel_count());
        for (y, z) in rows(bounds) {
            let row = self.labels.class().row_range(&bounds, y, z);
            out.extend(row.map(|i| value(self.labels.value_at(i))));
        }
        Grid::from_vec(extent, out)
    }

    /// The change that writes what a draft holds, as far as the gate lets it through.
    pub(super) fn write(&self, draft: &Draft, gate: Gate) -> Result<Delta, OperationError> {
        let mut wishes = draft.wishes();
        self.rewrite(draft.bounds(), gate, |_, _| wishes.next().flatten())
    }

    /// The change that writes what `wish(index, old)` says of every voxel of a box in scope, asked once for each in
    /// ascending order, as far as the gate lets it through.
    pub(super) fn rewrite(
        &self,
        bounds: VoxelBox,
        mut gate: Gate,
        mut wish: impl FnMut(usize, LabelValue) -> Option<ClassId>,
    ) -> Result<Delta, OperationError> {
        let mut runs = RunList::default();
        for (done, (y, z)) in rows(bounds).enumerate() {
            self.watch.step(Stage::COMPARE, done, row_count(bounds))?;
            for start in self.labels.class().row_range(&bounds, y, z) {
                let old = self.labels.value_at(start);
                if let Some(class) = wish(start, old) {
                    runs.push(Run { start, len: 1, old, new: gate.value(old, class) });
                }
            }
        }
        self.watch.step(Stage::COMPARE, 1, 1)?;
        Ok(runs.into_delta(self.labels.extent()))
    }
}

/// Whether somebody said that this is the class.
pub(super) fn is_known(value: LabelValue, class: ClassId) -> bool {
    value.class == class && value.origin.is_known()
}

/// A voxel of a box, counted from the first of the box.
pub(super) fn relative(v: Voxel, bounds: VoxelBox) -> Voxel {
    Voxel::new(v.x - bounds.lo.x, v.y - bounds.lo.y, v.z - bounds.lo.z)
}

pub(super) fn slice_box(extent: Extent, axis: usize, index: usize) -> Result<VoxelBox, OperationError> {
    let full = extent.full_box();
    match extent.to_array().get(axis) {
        Some(&count) if index < count => {
            Ok(VoxelBox { lo: full.lo.with_axis(axis, index), hi: full.hi.with_axis(axis, index + 1) })
        }
        _ => Err(OperationError::NoSuchSlice { axis, index }),
    }
}

/// `(y, z)` of every row of a box, ascending.
fn rows(bounds: VoxelBox) -> impl Iterator<Item = (usize, usize)> {
    let z = if bounds.is_empty() { 0..0 } else { bounds.lo.z..bounds.hi.z };
    z.flat_map(move |z| (bounds.lo.y..bounds.hi.y).map(move |y| (y, z)))
}

fn row_count(bounds: VoxelBox) -> usize {
    let [_, y, z] = bounds.size();
    y * z
}
