//! Volumes that are longer than a texture may be: cut into pieces that lie side by side in it.

use super::{RenderError, wgpu};
use crate::geometry::{Extent, Voxel, VoxelBox};

/// Pieces are halved this often at most. It lets all but a few per cent of the largest texture be filled, and pieces stay
/// large enough to be uploaded one by one.
const HALVINGS: u32 = 5;
/// Smaller pieces are not tried where at most one texel is wasted for so many voxels: each piece is an upload of its own.
const WASTED_SHARE: u64 = 16;

/// Where the voxels of a volume lie in a 3-D texture no axis of which is longer than a limit.
///
/// The volume is cut into pieces of one size, and the texture has slots of that size. Both are numbered x fastest, and the
/// piece of a number lies in the slot of that number. A volume that needs no cut is one piece, its own texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    extent: Extent,
    /// Voxels of a piece along each axis; the last pieces of an axis may have fewer.
    piece: [u32; 3],
    pieces: [u32; 3],
    slots: [u32; 3],
}

/// `Fold` of `slice.wgsl`: voxels of a piece, and pieces and slots along x and y.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct FoldUniforms {
    piece: [u32; 4],
    counts: [u32; 4],
}

impl Fold {
    /// For textures of at most `limit` texels along each axis: the largest pieces that waste little memory, else those that
    /// waste least.
    ///
    /// # Errors
    /// [`RenderError::VolumeTooLarge`] if not even the largest texture has room.
    pub fn new(extent: Extent, limit: u32) -> Result<Self, RenderError> {
        let limit = limit.max(1);
        let sides = (0..=HALVINGS).map(|halvings| (limit >> halvings).max(1));
        let folds: Vec<_> = sides.filter_map(|side| Self::with_pieces(extent, limit, side)).collect();
        let voxels = extent.voxel_count() as u64;
        let thrifty = folds.iter().find(|fold| fold.texel_count() <= voxels.saturating_add(voxels / WASTED_SHARE));
        let best = thrifty.or_else(|| folds.iter().min_by_key(|fold| fold.texel_count()));
        best.copied().ok_or(RenderError::VolumeTooLarge { extent, limit })
    }

    /// With pieces of at most `side` voxels along each axis, as even as can be.
    fn with_pieces(extent: Extent, limit: u32, side: u32) -> Option<Self> {
        let (mut piece, mut pieces) = ([0; 3], [0; 3]);
        for (axis, n) in extent.to_array().into_iter().enumerate() {
            // The shader counts voxels in signed numbers.
            let n = u32::try_from(i32::try_from(n).ok()?).ok()?;
            piece[axis] = n.div_ceil(n.div_ceil(side));
            pieces[axis] = n.div_ceil(piece[axis]);
        }
        let count = pieces.iter().try_fold(1u32, |product, &n| product.checked_mul(n))?;
        Some(Self { extent, piece, pieces, slots: slots(count, piece.map(|side| limit / side))? })
    }

    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// Whether there is more than one piece.
    pub fn is_folded(&self) -> bool {
        self.pieces != [1; 3]
    }

    pub fn texture_size(&self) -> wgpu::Extent3d {
        let [width, height, depth_or_array_layers] = std::array::from_fn(|a| self.piece[a] * self.slots[a]);
        wgpu::Extent3d { width, height, depth_or_array_layers }
    }

    /// Texels of the texture: the voxels and what the last pieces and slots leave free.
    pub fn texel_count(&self) -> u64 {
        let size = self.texture_size();
        let sides = [size.width, size.height, size.depth_or_array_layers];
        sides.into_iter().fold(1, |product, side| product.saturating_mul(u64::from(side)))
    }

    /// The texel of a voxel of the volume.
    pub fn texel(&self, voxel: Voxel) -> wgpu::Origin3d {
        // Every position fits u32, because the extent does.
        let voxel = voxel.to_array().map(|c| c as u32);
        let piece: [u32; 3] = std::array::from_fn(|a| voxel[a] / self.piece[a]);
        let number = piece[0] + self.pieces[0] * (piece[1] + self.pieces[1] * piece[2]);
        let row = number / self.slots[0];
        let slot = [number % self.slots[0], row % self.slots[1], row / self.slots[1]];
        let [x, y, z] = std::array::from_fn(|a| slot[a] * self.piece[a] + voxel[a] % self.piece[a]);
        wgpu::Origin3d { x, y, z }
    }

    /// The parts of a box (clipped to the volume) that lie in one piece each: a box in the texture too, which begins at the
    /// texel of the part's first voxel.
    pub fn parts(&self, area: &VoxelBox) -> impl Iterator<Item = VoxelBox> {
        let area = area.intersect(&self.extent.full_box());
        let piece = self.piece.map(|side| side as usize);
        let corner = move |number: Voxel| Voxel::from(std::array::from_fn(|a| number.to_array()[a] * piece[a]));
        let first = std::array::from_fn(|a| area.lo.to_array()[a] / piece[a]);
        let end = std::array::from_fn(|a| area.hi.to_array()[a].div_ceil(piece[a]));
        let numbers = VoxelBox { lo: Voxel::from(first), hi: Voxel::from(end) };
        numbers.voxels().filter_map(move |number| {
            let next = Voxel::from(number.to_array().map(|n| n + 1));
            let part = VoxelBox { lo: corner(number), hi: corner(next) }.intersect(&area);
            (!part.is_empty()).then_some(part)
        })
    }

    pub(super) fn uniforms(&self) -> FoldUniforms {
        let ([x, y, z], [pieces, slots]) = (self.piece, [self.pieces, self.slots]);
        FoldUniforms { piece: [x, y, z, 0], counts: [pieces[0], pieces[1], slots[0], slots[1]] }
    }
}

/// The fewest slots along each axis that hold `count` pieces, where there is room for so many.
fn slots(count: u32, room: [u32; 3]) -> Option<[u32; 3]> {
    let rows = |x: u32| (1..=room[1].min(count.div_ceil(x))).map(move |y| [x, y, count.div_ceil(x.saturating_mul(y))]);
    let fitting = (1..=room[0].min(count)).flat_map(rows).filter(|slots| slots[2] <= room[2]);
    fitting.min_by_key(|slots| slots.iter().map(|&n| u64::from(n)).fold(1, u64::saturating_mul))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn sides(size: wgpu::Extent3d) -> [u32; 3] {
        [size.width, size.height, size.depth_or_array_layers]
    }

    fn texel(fold: &Fold, voxel: Voxel) -> [u32; 3] {
        let wgpu::Origin3d { x, y, z } = fold.texel(voxel);
        [x, y, z]
    }

    fn extent() -> impl Strategy<Value = Extent> {
        [1..40usize, 1..30, 1..30].prop_map(|n| Extent::from_array(n).unwrap())
    }

    fn area() -> impl Strategy<Value = VoxelBox> {
        let voxel = || [0..40usize, 0..35, 0..35].prop_map(Voxel::from);
        (voxel(), voxel()).prop_map(|(lo, hi)| VoxelBox { lo, hi })
    }

    proptest! {
        #[test]
        fn every_voxel_has_a_texel_of_its_own_inside_the_limit(extent in extent(), limit in 1..32u32) {
            let Ok(fold) = Fold::new(extent, limit) else {
                // Pieces get as small as a voxel for such limits.
                prop_assert!(extent.voxel_count() > (limit as usize).pow(3));
                return Ok(());
            };
            let size = sides(fold.texture_size());
            prop_assert!(size.iter().all(|&side| side <= limit));
            prop_assert_eq!(fold.texel_count(), size.iter().map(|&side| u64::from(side)).product::<u64>());
            let texels: HashSet<_> = extent.full_box().voxels().map(|v| texel(&fold, v)).collect();
            prop_assert_eq!(texels.len(), extent.voxel_count());
            prop_assert!(texels.iter().all(|t| t.iter().zip(size).all(|(&t, side)| t < side)));
        }

        #[test]
        fn a_volume_within_the_limit_is_its_own_texture(extent in extent(), more in 0..9u32) {
            let longest = extent.to_array().into_iter().max().unwrap() as u32;
            let fold = Fold::new(extent, longest + more).unwrap();
            prop_assert!(!fold.is_folded());
            prop_assert_eq!(sides(fold.texture_size()).map(|side| side as usize), extent.to_array());
            prop_assert!(extent.full_box().voxels().all(|v| texel(&fold, v).map(|c| c as usize) == v.to_array()));
            prop_assert!(longest == 1 || Fold::new(extent, longest - 1).is_ok_and(|f| f.is_folded()) || extent.voxel_count() > (longest as usize - 1).pow(3));
        }

        #[test]
        fn the_parts_of_a_box_cover_it_once_and_are_boxes_of_the_texture(
            extent in extent(), limit in 1..32u32, area in area(),
        ) {
            let Ok(fold) = Fold::new(extent, limit) else { return Ok(()) };
            let mut covered = Vec::new();
            for part in fold.parts(&area) {
                let first = texel(&fold, part.lo);
                for v in part.voxels() {
                    let offset = std::array::from_fn(|a| (v.to_array()[a] - part.lo.to_array()[a]) as u32 + first[a]);
                    prop_assert_eq!(texel(&fold, v), offset);
                    covered.push(v);
                }
            }
            covered.sort();
            let mut wanted: Vec<_> = area.intersect(&extent.full_box()).voxels().collect();
            wanted.sort();
            prop_assert_eq!(covered, wanted);
        }

        #[test]
        fn a_large_volume_wastes_little_and_is_refused_only_where_hardly_any_room_is_left(
            n in [1..70_000usize, 1..9000, 1..3000], limit in 1024..4097u32,
        ) {
            let extent = Extent::from_array(n).unwrap();
            let largest = f64::from(limit).powi(3);
            let voxels = extent.voxel_count() as f64;
            match Fold::new(extent, limit) {
                Ok(fold) => prop_assert!(fold.texel_count() as f64 <= 1.15 * voxels + 1e6, "{fold:?}"),
                Err(_) => prop_assert!(voxels > 0.8 * largest),
            }
        }
    }

    #[test]
    fn a_long_volume_lies_in_strips_and_one_of_nearly_the_largest_size_in_bricks() {
        let size =
            |n: [usize; 3], limit| sides(Fold::new(Extent::from_array(n).unwrap(), limit).unwrap().texture_size());
        assert_eq!(size([6000, 300, 300], 2048), [2000, 300, 900]);
        assert_eq!(size([20, 30, 4096], 2048), [20, 60, 2048]);
        let bricks = Fold::new(Extent::new(2049, 1900, 1900).unwrap(), 2048).unwrap();
        assert!(bricks.is_folded());
    }

    #[test]
    fn what_no_shader_or_texture_can_count_is_refused() {
        let refused = |x, y, z, limit| Fold::new(Extent::new(x, y, z).unwrap(), limit).is_err();
        assert!(refused(2, 1, 1, 0));
        assert!(refused(usize::MAX / 2, 1, 1, 16384));
        assert!(refused(1 << 31, 1, 1, 16384));
        assert!(refused(1 << 30, 1 << 30, 1, 1));
        assert!(refused(41, 40, 40, 40));
    }
}
