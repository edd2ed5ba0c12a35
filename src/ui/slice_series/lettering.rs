//! Words and lines over a picture that no window draws: the program's own font, without a graphics card.

use eframe::egui::epaint::TextOptions;
use eframe::egui::epaint::text::Fonts;
use eframe::egui::{Align2, Color32, ColorImage, FontDefinitions, FontId, Rect, Vec2, pos2, vec2};
use image::{Rgba, RgbaImage};

use crate::ui::theme;
use crate::view::{ScaleBar, SliceCamera};

/// Of the picture's longer side; what a reader of a slide can make out.
const TEXT_SHARE: f32 = 0.02;
const SMALLEST_TEXT: f32 = 11.0;
/// Longest scale bar, of the picture's width.
const BAR_SHARE: f64 = 0.25;

/// Writes what a view has in its corners; no names.
pub struct Lettering {
    fonts: Fonts,
    text: f32,
}

impl Lettering {
    /// For pictures of this size.
    pub fn new(size: [u32; 2]) -> Self {
        let fonts = Fonts::new(TextOptions::default(), FontDefinitions::default());
        // Sizes of pictures are exact in f32.
        Self { fonts, text: (TEXT_SHARE * size[0].max(size[1]) as f32).max(SMALLEST_TEXT).round() }
    }

    /// Plane and number of the slice, letters of the directions, scale bar.
    pub fn write(&mut self, picture: &mut RgbaImage, camera: &SliceCamera) {
        let margin = self.text * 0.7;
        let size = vec2(picture.width() as f32, picture.height() as f32);
        let inner = Rect::from_min_size(pos2(0.0, 0.0), size).shrink(margin);
        let number = format!("{} {} / {}", camera.plane().name(), camera.slice_number(), camera.slice_count());
        self.text(picture, inner, Align2::LEFT_TOP, &number);
        let places = [Align2::LEFT_CENTER, Align2::RIGHT_CENTER, Align2::CENTER_TOP, Align2::CENTER_BOTTOM];
        for (place, letter) in places.into_iter().zip(camera.edge_letters()) {
            self.text(picture, inner, place, &letter.to_string());
        }
        let Some(bar) = ScaleBar::fitting(camera.zoom(), BAR_SHARE * f64::from(picture.width())) else { return };
        let line = (self.text / 8.0).max(1.0).round();
        let length = bar.length_on_screen as f32;
        let at = pos2(inner.left(), inner.bottom() - self.text * 0.5);
        for (grow, colour) in [(1.0, Color32::BLACK), (0.0, theme::OVER_PICTURE_TEXT)] {
            let bar = Rect::from_min_size(at, vec2(length, line)).expand(grow);
            let tick = |x: f32| Rect::from_center_size(pos2(x, at.y + line / 2.0), vec2(line, 4.0 * line)).expand(grow);
            for part in [bar, tick(at.x + line / 2.0), tick(at.x + length - line / 2.0)] {
                fill(picture, part, colour);
            }
        }
        let beside = Rect::from_min_max(pos2(at.x + length + margin, inner.top()), inner.max);
        self.text(picture, beside, Align2::LEFT_BOTTOM, &bar.text());
    }

    fn text(&mut self, picture: &mut RgbaImage, area: Rect, place: Align2, text: &str) {
        let font = FontId::proportional(self.text);
        let galley = self.fonts.with_pixels_per_point(1.0).layout_no_wrap(text.to_owned(), font, Color32::WHITE);
        let atlas = self.fonts.image();
        let start = place.align_size_within_rect(galley.size(), area).min.to_vec2();
        let glyphs = || galley.rows.iter().flat_map(|row| row.glyphs.iter().map(move |glyph| (row.pos, glyph)));
        // A dark rim keeps it readable over white.
        let rim = [vec2(1.0, 0.0), vec2(-1.0, 0.0), vec2(0.0, 1.0), vec2(0.0, -1.0)].map(|by| (by, Color32::BLACK));
        for (by, colour) in rim.into_iter().chain([(Vec2::ZERO, theme::OVER_PICTURE_TEXT)]) {
            for (row, glyph) in glyphs() {
                let at = start + by + row.to_vec2() + glyph.pos.to_vec2() + glyph.uv_rect.offset;
                stamp(picture, at, &atlas, (glyph.uv_rect.min, glyph.uv_rect.max), colour);
            }
        }
    }
}

/// One glyph out of the atlas, whose alpha is how much of a pixel it covers.
fn stamp(picture: &mut RgbaImage, at: Vec2, atlas: &ColorImage, (min, max): ([u16; 2], [u16; 2]), colour: Color32) {
    for y in min[1]..max[1] {
        for x in min[0]..max[0] {
            let cover = atlas.pixels.get(usize::from(y) * atlas.size[0] + usize::from(x)).map_or(0, Color32::a);
            let to = at + vec2(f32::from(x - min[0]), f32::from(y - min[1]));
            blend(picture, to, colour, cover);
        }
    }
}

fn fill(picture: &mut RgbaImage, area: Rect, colour: Color32) {
    let (width, height) = (area.width().round().max(0.0) as u32, area.height().round().max(0.0) as u32);
    for y in 0..height {
        for x in 0..width {
            blend(picture, area.min.to_vec2() + vec2(x as f32, y as f32), colour, 255);
        }
    }
}

/// What lies outside the picture is left out.
fn blend(picture: &mut RgbaImage, at: Vec2, colour: Color32, cover: u8) {
    let (x, y) = (at.x.round(), at.y.round());
    if cover == 0 || x < 0.0 || y < 0.0 {
        return;
    }
    // Whole numbers that are not negative; beyond the picture they find no pixel.
    let Some(Rgba(pixel)) = picture.get_pixel_mut_checked(x as u32, y as u32) else { return };
    for (under, over) in pixel.iter_mut().zip([colour.r(), colour.g(), colour.b()]) {
        let mixed = u16::from(*under) * u16::from(255 - cover) + u16::from(over) * u16::from(cover);
        *under = u8::try_from(mixed / 255).unwrap_or(u8::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent, PatientSide, Plane};

    fn camera(slice: usize) -> SliceCamera {
        let extent = Extent::new(50, 40, 30).unwrap();
        let mut camera = SliceCamera::new(&Affine::identity(), extent, Plane::Axial, PatientSide::Radiological);
        camera.fit([500.0, 400.0]);
        camera.set_slice(slice);
        camera
    }

    fn written(slice: usize) -> RgbaImage {
        let mut picture = RgbaImage::from_pixel(500, 400, Rgba([90, 90, 90, 255]));
        Lettering::new([500, 400]).write(&mut picture, &camera(slice));
        picture
    }

    #[test]
    fn the_bar_is_as_long_as_it_says_and_every_slice_has_its_number() {
        let picture = written(3);
        let bar = ScaleBar::fitting(camera(3).zoom(), 125.0).unwrap();
        let [r, g, b, _] = theme::OVER_PICTURE_TEXT.to_array();
        let bright = |x: u32, y: u32| picture.get_pixel(x, y).0 == [r, g, b, 255];
        let longest = (300..400).map(|y| (0..200).filter(|&x| bright(x, y)).count()).max().unwrap();
        assert!((longest as f64 - bar.length_on_screen).abs() < 40.0, "{longest} {bar:?}");
        let corner = |p: &RgbaImage| image::imageops::crop_imm(p, 0, 0, 150, 30).to_image();
        assert_ne!(corner(&picture), corner(&written(4)));
        assert_ne!(corner(&picture), RgbaImage::from_pixel(150, 30, Rgba([90, 90, 90, 255])));
    }

    #[test]
    fn a_picture_that_is_too_small_for_words_is_no_panic() {
        let mut picture = RgbaImage::new(3, 2);
        Lettering::new([3, 2]).write(&mut picture, &camera(0));
    }
}
