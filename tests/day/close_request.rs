//! What a window manager sends when the close button of a frame is pressed: `WM_DELETE_WINDOW` (ICCCM 4.2.8.1),
//! spoken to the X server directly, because no window manager runs here.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;

const INTERN_ATOM: u8 = 16;
const SEND_EVENT: u8 = 25;
const CLIENT_MESSAGE: u8 = 33;

/// Asks a window of the display to close. Both numbers are as `xdotool` and the server write them.
pub fn send(display: &str, window: &str) -> io::Result<()> {
    let window: u32 = window.parse().map_err(io::Error::other)?;
    let mut server = UnixStream::connect(format!("/tmp/.X11-unix/X{}", display.trim_start_matches(':')))?;
    greet(&mut server)?;
    let protocols = atom(&mut server, "WM_PROTOCOLS")?;
    let delete = atom(&mut server, "WM_DELETE_WINDOW")?;
    // No propagation, no event mask: to the client that made the window.
    let mut request = vec![SEND_EVENT, 0];
    request.extend(11u16.to_le_bytes());
    request.extend([window, 0].map(u32::to_le_bytes).concat());
    request.extend([CLIENT_MESSAGE, 32, 0, 0]);
    request.extend([window, protocols, delete, 0, 0, 0, 0].map(u32::to_le_bytes).concat());
    server.write_all(&request)?;
    // The answer to a later request says that the server has taken this one.
    atom(&mut server, "WM_PROTOCOLS").map(drop)
}

/// Little-endian, protocol 11.0, no authorisation.
fn greet(server: &mut UnixStream) -> io::Result<()> {
    server.write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
    let mut head = [0; 8];
    server.read_exact(&mut head)?;
    let mut rest = vec![0; 4 * usize::from(u16::from_le_bytes([head[6], head[7]]))];
    server.read_exact(&mut rest)?;
    if head[0] == 1 { Ok(()) } else { Err(io::Error::other("the X server refuses the connection")) }
}

/// The number of a name.
fn atom(server: &mut UnixStream, name: &str) -> io::Result<u32> {
    let words = name.len().div_ceil(4);
    let [length, name_length] = [2 + words, name.len()].map(|n| (n as u16).to_le_bytes());
    let mut request = vec![INTERN_ATOM, 0, length[0], length[1], name_length[0], name_length[1], 0, 0];
    request.extend(name.bytes());
    request.resize(8 + 4 * words, 0);
    server.write_all(&request)?;
    let mut reply = [0; 32];
    server.read_exact(&mut reply)?;
    Ok(u32::from_le_bytes([reply[8], reply[9], reply[10], reply[11]]))
}
