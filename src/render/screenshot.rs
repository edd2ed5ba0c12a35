//! Pictures as PNG.

use std::io::Cursor;

use image::{ImageFormat, RgbaImage};

use super::RenderError;

/// The bytes of a PNG file, without any text chunk that could name a patient.
pub fn encode_png(picture: &RgbaImage) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_survives_the_png() {
        let picture = RgbaImage::from_fn(7, 5, |x, y| image::Rgba([x as u8 * 30, y as u8 * 40, 9, 255]));
        let back = image::load_from_memory(&encode_png(&picture).unwrap()).unwrap();
        assert_eq!(back.into_rgba8(), picture);
    }

    #[test]
    fn a_picture_without_pixels_is_an_error() {
        assert!(encode_png(&RgbaImage::new(0, 0)).is_err());
    }
}
