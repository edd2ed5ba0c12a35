//! The picture: lines with bands, axes with units, a legend.

use std::error::Error;
use std::io::Cursor;

use image::{ImageFormat, RgbImage, imageops};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::register_font;

use super::line::Line;

/// Okabe & Ito 2008: told apart with every kind of colour vision. The yellow is left out; it vanishes on white.
pub const COLOURS: [[u8; 3]; 7] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [230, 159, 0], [0, 0, 0]];

const WIDTH: u32 = 1600;
const HEIGHT: u32 = 1000;
/// Drawn larger and scaled down, for smooth edges; all lengths below are in pixels of the large picture.
const OVERSAMPLING: u32 = 2;
const FONT: &str = "sans-serif";
const MARGIN: u32 = 48;
const TITLE_HEIGHT: u32 = 76;
const LABEL_HEIGHT: u32 = 56;
const TICK_HEIGHT: u32 = 50;
const TICK_LENGTH: u32 = 14;
const LINE_WIDTH: u32 = 6;
/// Brings a line of the legend to the middle of its small letters.
const LEGEND_RISE: i32 = 8;
const MARK_RADIUS: u32 = 9;
/// More measurements than this on one line and their marks would touch.
const MOST_MARKS: usize = 60;
/// An axis that is asked to begin above all measurements still has a length.
const SHORTEST_AXIS: f64 = 0.01;
const TEXT_COLOUR: RGBColor = RGBColor(30, 30, 30);
const GRID_COLOUR: RGBColor = RGBColor(222, 222, 222);

type Failure = Box<dyn Error + Send + Sync>;
type Canvas<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, BitMapBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// What stands beside the lines.
#[derive(Clone, Copy, Debug)]
pub struct Axes<'a> {
    pub title: &'a str,
    pub time: &'a str,
    pub dice: &'a str,
    /// Where the Dice axis begins; chosen to show everything if not given.
    pub lowest: Option<f64>,
}

pub const TRAINING_AXES: Axes =
    Axes { title: "", time: "Training time (minutes)", dice: "Held-out Dice (mean of the classes)", lowest: None };
pub const REVIEW_AXES: Axes =
    Axes { title: "", time: "Simulated time (minutes)", dice: "Dice of all cases (mean of the classes)", lowest: None };

/// A PNG of 1600 x 1000 pixels.
pub fn draw(axes: &Axes, lines: &[Line]) -> Result<Vec<u8>, Failure> {
    register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).map_err(|_| "its font is damaged")?;
    let (width, height) = (WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING);
    let mut large = RgbImage::new(width, height);
    {
        let canvas = BitMapBackend::with_buffer(&mut large, (width, height)).into_drawing_area();
        draw_on(&canvas, axes, lines).map_err(|e| e.to_string())?;
        canvas.present()?;
    }
    let picture = imageops::thumbnail(&large, WIDTH, HEIGHT);
    let mut png = Vec::new();
    picture.write_to(&mut Cursor::new(&mut png), ImageFormat::Png)?;
    Ok(png)
}

fn draw_on(canvas: &Canvas, axes: &Axes, lines: &[Line]) -> Result<(), Box<dyn Error>> {
    let Axes { title, time, dice, lowest } = *axes;
    canvas.fill(&WHITE)?;
    let end = lines.iter().map(Line::end).fold(0.0, f64::max);
    let (low, high) = dice_axis(lines);
    let low = lowest.map_or(low, |lowest| lowest.min(high - SHORTEST_AXIS));
    let mut builder = ChartBuilder::on(canvas);
    builder.margin(MARGIN).x_label_area_size(150).y_label_area_size(200);
    if !title.is_empty() {
        builder.caption(title, (FONT, TITLE_HEIGHT).into_font().color(&TEXT_COLOUR));
    }
    // A single measurement at time 0 still needs an axis.
    let mut chart = builder.build_cartesian_2d(0.0..(end * 1.02).max(0.1), low..high)?;
    let minute_digits = if end < 1.0 { 2 } else { usize::from(end < 6.0) };
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID_COLOUR.stroke_width(2))
        .axis_style(TEXT_COLOUR.stroke_width(3))
        .set_all_tick_mark_size(TICK_LENGTH)
        .label_style((FONT, TICK_HEIGHT).into_font().color(&TEXT_COLOUR))
        .axis_desc_style((FONT, LABEL_HEIGHT).into_font().color(&TEXT_COLOUR))
        .x_desc(time)
        .y_desc(dice)
        .x_label_formatter(&|minutes| format!("{minutes:.minute_digits$}"))
        .y_label_formatter(&|dice| format!("{dice:.2}"))
        .draw()?;
    let coloured = || lines.iter().zip(COLOURS.map(|[r, g, b]| RGBColor(r, g, b)));
    for (line, colour) in coloured() {
        draw_band(&mut chart, line, colour)?;
    }
    for (line, colour) in coloured() {
        draw_line(&mut chart, line, colour)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .margin(30)
        .legend_area_size(90)
        .background_style(WHITE.mix(0.85))
        .border_style(GRID_COLOUR.stroke_width(2))
        .label_font((FONT, LABEL_HEIGHT).into_font().color(&TEXT_COLOUR))
        .draw()?;
    Ok(())
}

/// One standard deviation to each side of the mean.
fn draw_band(chart: &mut Chart, line: &Line, colour: RGBColor) -> Result<(), Box<dyn Error>> {
    let edge = |sign: f64| {
        line.points.iter().filter_map(move |p| Some((p.minutes, p.dice + sign * p.sd?))).collect::<Vec<_>>()
    };
    let (upper, lower) = (edge(1.0), edge(-1.0));
    let outline: Vec<(f64, f64)> = upper.into_iter().chain(lower.into_iter().rev()).collect();
    if !outline.is_empty() {
        chart.draw_series([Polygon::new(outline, colour.mix(0.2).filled())]).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn draw_line(chart: &mut Chart, line: &Line, colour: RGBColor) -> Result<(), Box<dyn Error>> {
    let points = || line.points.iter().map(|p| (p.minutes, p.dice));
    let stroke = colour.stroke_width(LINE_WIDTH);
    chart
        .draw_series(LineSeries::new(points(), stroke))
        .map_err(|e| e.to_string())?
        .label(line.name.as_str())
        .legend(move |(x, y)| PathElement::new([(x, y - LEGEND_RISE), (x + 70, y - LEGEND_RISE)], stroke));
    // The points of a mean are no measurements.
    let is_measured = line.points.iter().all(|p| p.sd.is_none());
    if is_measured && line.points.len() <= MOST_MARKS {
        chart
            .draw_series(points().map(|at| Circle::new(at, MARK_RADIUS, colour.filled())))
            .map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Steps of 0.05 around what is drawn, within 0 to 1.
fn dice_axis(lines: &[Line]) -> (f64, f64) {
    const STEPS: f64 = 20.0;
    let (low, high) = lines
        .iter()
        .map(Line::dice_range)
        .fold((1.0, 0.0), |(low, high), (l, h)| (f64::min(low, l), f64::max(high, h)));
    let (low, high) = ((low * STEPS - 0.2).floor() / STEPS, (high * STEPS + 0.2).ceil() / STEPS);
    (low.max(0.0), high.clamp(low + 1.0 / STEPS, 1.0_f64.max(low + 1.0 / STEPS)))
}
