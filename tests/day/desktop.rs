//! A screen of its own, with one program on it and a real pointer.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use image::{ImageBuffer, Rgb, imageops};

use crate::close_request;

/// For a slow machine that trains at the same time; nothing here waits as long when it works.
const PATIENCE: Duration = Duration::from_secs(600);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// An action that may come too early is done again after this time.
const TRY_AGAIN: Duration = Duration::from_secs(4);

/// Pixels of the screen; the window's corner lies on the screen's.
pub type Pixel = [i32; 2];

/// An X server, a private home and at most one running program. All of it ends with this value.
pub struct Desktop {
    screen: Child,
    display: String,
    program: Option<Child>,
    window: String,
    home: PathBuf,
}

impl Desktop {
    /// `None` (and a printed line) where the virtual screen or the pointer is missing; a failure where `CI=true`.
    pub fn start(home: &Path) -> Option<Self> {
        for (tool, question) in [("Xvfb", "-help"), ("xdotool", "-v")] {
            let asked = Command::new(tool).arg(question).stdout(Stdio::null()).stderr(Stdio::null()).status();
            if asked.is_err() {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "{tool} is missing");
                println!("skipped: {tool} is missing");
                return None;
            }
        }
        // The server chooses a free display and tells it; the screen is a file in `home`. Without `-noreset` it starts
        // anew when the last program goes, and refuses the next one meanwhile.
        let mut screen = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset", "-fbdir"])
            .arg(home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(screen.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.trim().is_empty(), "Xvfb found no free display");
        let display = format!(":{}", line.trim());
        Some(Self { screen, display, program: None, window: String::new(), home: home.to_owned() })
    }

    /// The program's command line in this home.
    pub fn chiaro(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chiaro"));
        command.env("DISPLAY", &self.display).env("HOME", &self.home).stdin(Stdio::null());
        for name in ["WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
            command.env_remove(name);
        }
        for (name, folder) in [
            ("CHIARO_CONFIG_DIR", "config/chiaro"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            let folder = self.home.join(folder);
            fs::create_dir_all(&folder).unwrap();
            command.env(name, folder);
        }
        command
    }

    /// Runs a subcommand to its end and returns its stdout.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.chiaro().args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts `chiaro open STUDY`; returns once its window is on the screen and has the keyboard.
    pub fn open(&mut self, study: &Path) {
        assert!(self.program.is_none(), "one program at a time");
        self.program = Some(self.chiaro().arg("open").arg(study).spawn().unwrap());
        self.wait_for("the window", |desktop| {
            desktop.window = desktop.ask_xdotool(&["search", "--onlyvisible", "--name", "^Chiaro$"]);
            !desktop.window.is_empty()
        });
        self.wait_for("the keyboard", |desktop| {
            desktop.ask_xdotool(&["windowfocus", &desktop.window]);
            desktop.ask_xdotool(&["getwindowfocus"]) == desktop.window
        });
    }

    /// Asks the window to close, as its frame's button does, and waits until the program has ended.
    pub fn close(&mut self) -> ExitStatus {
        close_request::send(&self.display, &self.window).unwrap();
        let mut status = None;
        self.wait_until("the program's end", |desktop| {
            status = desktop.program.as_mut().unwrap().try_wait().unwrap();
            status.is_some()
        });
        self.program = None;
        status.unwrap()
    }

    /// SIGKILL.
    pub fn kill_program(&mut self) {
        let mut program = self.program.take().unwrap();
        program.kill().unwrap();
        program.wait().unwrap();
    }

    pub fn hover(&self, [x, y]: Pixel) {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string()]);
    }

    pub fn click(&self, at: Pixel) {
        self.hover(at);
        // Hovering takes a frame to be seen.
        sleep(LOOK_EVERY);
        self.xdotool(&["click", "1"]);
    }

    /// A drag with the left button, in small steps.
    pub fn drag(&self, from: Pixel, to: Pixel) {
        const STEPS: i32 = 12;
        self.hover(from);
        sleep(LOOK_EVERY);
        self.xdotool(&["mousedown", "1"]);
        for i in 1..=STEPS {
            self.hover([0, 1].map(|axis| from[axis] + (to[axis] - from[axis]) * i / STEPS));
            sleep(Duration::from_millis(20));
        }
        self.xdotool(&["mouseup", "1"]);
    }

    /// E.g. `ctrl+z`, `Return`.
    pub fn key(&self, chord: &str) {
        self.xdotool(&["key", "--clearmodifiers", chord]);
    }

    pub fn type_text(&self, text: &str) {
        self.xdotool(&["type", "--clearmodifiers", "--delay", "20", text]);
    }

    pub fn resize(&self, [width, height]: [u32; 2]) {
        self.xdotool(&["windowsize", &self.window, &width.to_string(), &height.to_string()]);
    }

    /// Red, green, blue.
    pub fn pixel(&self, [x, y]: Pixel) -> [u8; 3] {
        let at = |v: i32| u32::try_from(v).unwrap();
        self.screenshot().get_pixel(at(x), at(y)).0
    }

    /// A part of the screen, from its top left corner on.
    pub fn part(&self, [x, y]: [u32; 2], [width, height]: [u32; 2]) -> ImageBuffer<Rgb<u8>, Vec<u8>> {
        imageops::crop_imm(&self.screenshot(), x, y, width, height).to_image()
    }

    /// Neither the ground around a picture nor the dark part of one.
    pub fn is_bright(&self, at: Pixel) -> bool {
        self.pixel(at).iter().max().unwrap() > &120
    }

    /// Class colours are colourful, the image below them is grey.
    pub fn is_coloured(&self, at: Pixel) -> bool {
        is_colourful(self.pixel(at))
    }

    /// Somewhere near: where the networks doubt, a single voxel may be as pale as the image.
    pub fn is_coloured_near(&self, [x, y]: Pixel) -> bool {
        const REACH: i32 = 12;
        let picture = self.screenshot();
        let around = (x - REACH..=x + REACH).flat_map(|x| (y - REACH..=y + REACH).map(move |y| [x, y]));
        around.map(|at| at.map(|v| u32::try_from(v).unwrap())).any(|[x, y]| is_colourful(picture.get_pixel(x, y).0))
    }

    /// The server's frame buffer, which is a file in the format of `xwd` with 32 bits per pixel.
    pub fn screenshot(&self) -> ImageBuffer<Rgb<u8>, Vec<u8>> {
        let xwd = fs::read(self.home.join("Xvfb_screen0")).unwrap();
        let field = |index: usize| u32::from_be_bytes(xwd[4 * index..][..4].try_into().unwrap()) as usize;
        let (header, width, height, bytes_per_line, colours) = (field(0), field(4), field(5), field(12), field(19));
        let pixels = &xwd[header + 12 * colours..];
        let size = [width, height].map(|n| u32::try_from(n).unwrap());
        ImageBuffer::from_fn(size[0], size[1], |x, y| {
            let offset = y as usize * bytes_per_line + 4 * x as usize;
            Rgb([pixels[offset + 2], pixels[offset + 1], pixels[offset]])
        })
    }

    /// Waits for `done`; `what` names it in the failure, which leaves a picture of the screen.
    pub fn wait_for(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        self.wait_until(what, |desktop| {
            if let Some(status) = desktop.program.as_mut().and_then(|program| program.try_wait().unwrap()) {
                panic!("the program ended ({status}) before {what}");
            }
            done(desktop)
        });
    }

    /// Does `act` again and again until `done`: for what may come too early, and does no harm when done twice.
    pub fn act_until(&mut self, what: &str, act: impl Fn(&Self), done: impl Fn(&Self) -> bool) {
        let mut last: Option<Instant> = None;
        self.wait_for(what, |desktop| {
            if last.is_none_or(|at| at.elapsed() > TRY_AGAIN) {
                act(desktop);
                last = Some(Instant::now());
            }
            done(desktop)
        });
    }

    fn wait_until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let begin = Instant::now();
        while !done(self) {
            if begin.elapsed() > PATIENCE {
                let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.png", what.replace(' ', "-")));
                self.screenshot().save(&file).unwrap();
                panic!("waited in vain for {what}; the screen is in {}", file.display());
            }
            sleep(LOOK_EVERY);
        }
    }

    fn xdotool(&self, arguments: &[&str]) {
        let status = Command::new("xdotool").args(arguments).env("DISPLAY", &self.display).status().unwrap();
        assert!(status.success(), "xdotool {arguments:?}");
    }

    /// The answer, empty where there is none.
    fn ask_xdotool(&self, arguments: &[&str]) -> String {
        let output = Command::new("xdotool").args(arguments).env("DISPLAY", &self.display).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

/// Panels are nearly grey: their channels differ by 10 at most.
fn is_colourful(pixel: [u8; 3]) -> bool {
    pixel.iter().max().unwrap() - pixel.iter().min().unwrap() > 15
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for child in self.program.iter_mut().chain([&mut self.screen]) {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
