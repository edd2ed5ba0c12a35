//! Whether the machine runs on its battery.

use starship_battery::{Manager, State};

/// True where a battery is being emptied; false without one and where the system does not tell.
pub fn is_on_battery() -> bool {
    let Ok(batteries) = Manager::new().and_then(|manager| manager.batteries()) else { return false };
    batteries.flatten().any(|battery| battery.state() == State::Discharging)
}
