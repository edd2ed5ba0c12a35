//! Squared distances along single lines, for the distance transforms.

/// Lines that are worked on together: a cache line of values, so that axes across the rows are read in whole cache lines.
pub(super) const TILE: usize = 16;
/// Half-lengths in voxels of the chords that rule candidates out. Measured: more chords cost as much as they save.
const CHORDS: [usize; 3] = [1, 3, 8];

/// Turns squared distances (mm²) that ignore one axis into those that go along it too: the lower envelope of one parabola
/// per voxel of a line (Felzenszwalb & Huttenlocher 2012).
///
/// The sign of a value says on which side of the mask's surface its voxel lies; its size is the squared distance to the
/// other side. A voxel is at distance 0 from its own side, so stretches of one sign are independent of each other.
pub(super) struct LowerEnvelope {
    spacing_squared: f64,
    /// `1 / (2 d)` for every distance `d` in voxels.
    half_inverses: Vec<f64>,
    line: Vec<f32>,
    /// For every voxel of a stretch twice the height of the lowest chord above or below it.
    chords: Vec<f32>,
    candidates: Vec<Candidate>,
    /// The first is a stopper that is the lowest nowhere.
    envelope: Vec<Parabola>,
}

/// A voxel whose parabola may be the lowest somewhere.
#[derive(Clone, Copy)]
struct Candidate {
    /// Position: 1 for the first voxel of the stretch, 0 for the one before. 32 bits, as these fill the caches.
    at: i32,
    /// In mm²: the squared distance at position `q` is `(q - at)² spacing² + height`.
    height: f32,
}

#[derive(Clone, Copy)]
struct Parabola {
    voxel: Candidate,
    /// `height + at²`, in voxels.
    key: f64,
    /// The position past which this parabola is the lowest; at least 0.
    begin: f64,
}

impl LowerEnvelope {
    /// For lines of at most `len` voxels, `spacing_mm` apart.
    pub(super) fn new(len: usize, spacing_mm: f64) -> Self {
        Self {
            spacing_squared: spacing_mm * spacing_mm,
            half_inverses: (0..len + 2).map(|d| 0.5 / d as f64).collect(),
            line: Vec::with_capacity(len),
            chords: Vec::with_capacity(len),
            candidates: Vec::with_capacity(len + 2),
            envelope: Vec::with_capacity(len + 3),
        }
    }

    /// Transforms the line at one place (below [`TILE`]) of every row.
    pub(super) fn transform(&mut self, rows: &mut [[f32; TILE]], place: usize) {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        line.extend(rows.iter().map(|row| row[place]));
        let mut start = 0;
        while let Some(&first) = line.get(start) {
            let negative = first.is_sign_negative();
            let rest = &line[start..];
            let end = start + rest.iter().position(|v| v.is_sign_negative() != negative).unwrap_or(rest.len());
            // Zeros are the mask of an unsigned transform.
            if first != 0.0 {
                let other_beside = (start > 0, end < line.len());
                let heights = &mut line[start..end];
                if negative {
                    heights.iter_mut().for_each(|height| *height = -*height);
                }
                self.find_chords(heights);
                self.find_candidates(heights, other_beside);
                self.build(end - start);
                self.write(&mut rows[start..end], place, if negative { -1.0 } else { 1.0 });
            }
            start = end;
        }
        self.line = line;
    }

    /// In terms of keys, `height + at²`, the envelope is a lower hull: a point on or above a chord between two others is no
    /// corner of it. In terms of heights the middle of a chord over `2 k` voxels lies `k²` above the mean of its ends.
    fn find_chords(&mut self, heights: &[f32]) {
        self.chords.clear();
        self.chords.resize(heights.len(), f32::INFINITY);
        for half in CHORDS {
            let Some(count) = heights.len().checked_sub(2 * half) else { break };
            let rise = ((2 * half * half) as f64 * self.spacing_squared) as f32;
            let ends = heights[..count].iter().zip(&heights[2 * half..]);
            for (chord, (before, after)) in self.chords[half..half + count].iter_mut().zip(ends) {
                let this = before + after + rise;
                // Unlike `min` this runs on four voxels at a time.
                *chord = if this < *chord { this } else { *chord };
            }
        }
    }

    /// The voxels below all chords and, where the voxel before or after the stretch is of the other side, that voxel.
    fn find_candidates(&mut self, heights: &[f32], (other_before, other_after): (bool, bool)) {
        self.candidates.clear();
        self.candidates.resize(heights.len() + 2, Candidate { at: 0, height: 0.0 });
        let mut count = usize::from(other_before);
        let mut at: i32 = 1;
        for (height, chord) in heights.iter().zip(&self.chords) {
            // Written in any case and counted if wanted: a jump here would be guessed wrong too often.
            self.candidates[count] = Candidate { at, height: *height };
            count += usize::from(2.0 * height < *chord);
            at = at.wrapping_add(1);
        }
        if other_after {
            self.candidates[count] = Candidate { at, height: 0.0 };
            count += 1;
        }
        self.candidates.truncate(count);
    }

    /// Not inlined, like [`Self::write`]: in one large function the loops run out of registers, which costs a quarter more.
    #[inline(never)]
    fn build(&mut self, len: usize) {
        let last = len as f64;
        let to_voxels = 1.0 / self.spacing_squared;
        let mut top = Parabola { voxel: Candidate { at: 0, height: 0.0 }, key: f64::MAX, begin: f64::NEG_INFINITY };
        self.envelope.clear();
        for &voxel in &self.candidates {
            let position = f64::from(voxel.at);
            let key = f64::from(voxel.height) * to_voxels + position * position;
            let mut begin;
            loop {
                let apart = voxel.at.abs_diff(top.voxel.at);
                begin = ((key - top.key) * self.half_inverses[apart as usize]).max(0.0);
                if begin > top.begin {
                    break;
                }
                // The stopper begins before everything, so it is never taken away.
                let Some(below) = self.envelope.pop() else { break };
                top = below;
            }
            if begin < last {
                self.envelope.push(top);
                top = Parabola { voxel, key, begin };
            }
        }
        self.envelope.push(top);
    }

    #[inline(never)]
    fn write(&self, rows: &mut [[f32; TILE]], place: usize, sign: f32) {
        let spacing_squared = sign * self.spacing_squared as f32;
        let mut end = rows.len();
        for parabola in self.envelope[1..].iter().rev() {
            // Row 0 is position 1: the first row past the begin.
            let begin = (parabola.begin as usize).min(end);
            let height = sign * parabola.voxel.height;
            let first = (begin as i32).wrapping_add(1).wrapping_sub(parabola.voxel.at);
            for (away, row) in (first..).zip(&mut rows[begin..end]) {
                let away = away as f32;
                row[place % TILE] = away * away * spacing_squared + height;
            }
            end = begin;
        }
    }
}
