//! Stored values as numbers that sort alike.

use crate::volume::VoxelType;

/// The code of one voxel type. Values wider than 16 bits are kept to the precision of `f32`.
#[derive(Clone, Copy)]
pub(super) struct KeyCode {
    /// What makes a stored integer of at most 16 bits non-negative; absent for wider types.
    short_offset: Option<f64>,
}

impl KeyCode {
    pub fn of(voxel_type: VoxelType) -> Self {
        let short_offset = match voxel_type {
            VoxelType::U8 | VoxelType::U16 => Some(0.0),
            VoxelType::I8 | VoxelType::I16 => Some(32_768.0),
            _ => None,
        };
        Self { short_offset }
    }

    pub fn is_short(self) -> bool {
        self.short_offset.is_some()
    }

    pub fn key(self, stored: f64) -> u32 {
        match self.short_offset {
            // Between 0 and 65535.
            Some(offset) => ((stored + offset) as u32) << 16,
            None => {
                // Bits of positive floats sort like the floats, those of negative ones the other way round.
                let bits = (stored as f32).to_bits();
                if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
            }
        }
    }

    pub fn stored(self, key: u32) -> f64 {
        match self.short_offset {
            Some(offset) => f64::from(key >> 16) - offset,
            None => f64::from(f32::from_bits(if key >> 31 == 1 { key & !(1 << 31) } else { !key })),
        }
    }
}

pub(super) fn upper_half(key: u32) -> u16 {
    // The shift leaves 16 bits.
    (key >> 16) as u16
}

pub(super) fn lower_half(key: u32) -> u16 {
    // The upper bits are meant to go.
    (key & 0xffff) as u16
}
