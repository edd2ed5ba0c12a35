//! The command line: what there is, and which function does it.

use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::{bench, demo, doubts, evaluate, export, info, init, plan, plot, predict, simulate, train};
use crate::ui;

/// Label medical volumes while two networks learn from your labels and from the unlabelled volumes.
#[derive(Parser, Debug)]
#[command(version, about)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Open a study in the window
    Open {
        /// Project folder
        path: PathBuf,
        /// Save a picture of the window to this file and close it
        #[arg(long, value_name = "FILE")]
        screenshot: Option<PathBuf>,
        /// Seconds before the picture is taken
        #[arg(long, default_value_t = 5.0, requires = "screenshot")]
        after: f32,
    },
    /// Make the phantom study and open it, or run it from end to end in the terminal
    Demo(demo::DemoArgs),
    /// Make a project from a folder of images
    Init(init::InitArgs),
    /// Write the plan that training would follow, to be read and edited
    Plan(plan::PlanArgs),
    /// Train the networks of a project
    Train(train::TrainArgs),
    /// Write pseudo-labels of a project's cases
    Predict(predict::PredictArgs),
    /// Write masks, verified
    Export(export::ExportArgs),
    /// Dice, Jaccard, HD95, ASD, ASSD of masks against the truth, and the calibration of probabilities beside them
    Evaluate {
        /// Folder of masks to judge, with the CASE.mean, CASE.scaled, CASE.np that `export --what probabilities` writes
        #[arg(long, value_name = "FOLDER")]
        pred: PathBuf,
        /// Folder of true masks with the same names
        #[arg(long, value_name = "FOLDER")]
        truth: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// How well the signs of doubt find wrong voxels of cases with known truth, and what corrections change
    Doubts(doubts::DoubtsArgs),
    /// A reviewer who answers from the truth, in simulated time: how fast Dice rises with the queue and without it
    Simulate(simulate::SimulateArgs),
    /// Geometry passport of a volume
    Info {
        file: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// Draw held-out Dice over training time
    Plot(plot::PlotArgs),
    /// Measure the program
    Bench(bench::BenchArgs),
}

/// Does what the arguments say.
pub fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    match arguments.command {
        None => open_or_demo(None),
        Some(Command::Open { path, screenshot, after }) => {
            let screenshot_after = screenshot.map(|file| ui::ScreenshotRequest { file, after_secs: after });
            let options = ui::StartOptions { screenshot_after };
            Ok(ui::run(ui::Start::Open(path), options)?)
        }
        Some(Command::Demo(args)) if args.headless => Ok(demo::run_headless(&demo_dir(args.dir)?)?),
        Some(Command::Demo(args)) => open_or_demo(args.dir),
        Some(Command::Init(args)) => Ok(init::run(args)?),
        Some(Command::Plan(args)) => Ok(plan::run(args)?),
        Some(Command::Train(args)) => Ok(train::run(args)?),
        Some(Command::Predict(args)) => Ok(predict::run(args)?),
        Some(Command::Export(args)) => Ok(export::run(args)?),
        Some(Command::Evaluate { pred, truth, json }) => Ok(evaluate::run(&pred, &truth, json)?),
        Some(Command::Doubts(args)) => Ok(doubts::run(&args)?),
        Some(Command::Simulate(args)) => Ok(simulate::run(&args)?),
        Some(Command::Info { file, json }) => info::run(&file, json),
        Some(Command::Plot(args)) => Ok(plot::run(&args)?),
        Some(Command::Bench(args)) => bench::run(args),
    }
}

fn demo_dir(dir: Option<PathBuf>) -> Result<PathBuf, demo::DemoError> {
    dir.map_or_else(demo::default_dir, Ok)
}

/// The demo in the window; where there is no display, the same demo in the terminal.
fn open_or_demo(dir: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let dir = demo_dir(dir)?;
    if !has_display() {
        eprintln!("There is no display here, so the demo runs in the terminal.");
        return Ok(demo::run_headless(&dir)?);
    }
    demo::prepare(&dir)?;
    Ok(ui::run(ui::Start::Open(dir), ui::StartOptions::default())?)
}

/// On Linux and the BSDs a display is named in the environment; elsewhere there always is one.
fn has_display() -> bool {
    let named = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    !cfg!(all(unix, not(target_os = "macos"))) || named("DISPLAY") || named("WAYLAND_DISPLAY")
}
