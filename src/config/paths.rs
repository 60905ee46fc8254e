//! Where the files of a user are: data, socket, configuration. Reads no environment itself.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Who runs ringhook, as far as places of files go.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Runs as root.
    pub is_root: bool,
    /// All variables of the environment whose names are UTF-8.
    pub environment: BTreeMap<String, OsString>,
}

/// The name of the socket in its directory.
const SOCKET: &str = "ringhook.sock";

impl Identity {
    /// Where the database lives: systemd's state directory, `/var/lib/ringhook` for root, else
    /// the user's data directory. None without a home.
    pub fn data_dir(&self) -> Option<PathBuf> {
        if let Some(dir) = self.first_of("STATE_DIRECTORY") {
            return Some(dir);
        }
        if self.is_root {
            return Some(PathBuf::from("/var/lib/ringhook"));
        }
        self.absolute("XDG_DATA_HOME")
            .or_else(|| Some(self.absolute("HOME")?.join(".local/share")))
            .map(|dir| dir.join("ringhook"))
    }

    /// Where the daemon's socket is when it keeps its data in `data_dir`.
    pub fn socket(&self, data_dir: &Path) -> PathBuf {
        let runtime = || Some(self.absolute("XDG_RUNTIME_DIR")?.join("ringhook"));
        let root = || self.is_root.then(|| PathBuf::from("/run/ringhook"));
        self.first_of("RUNTIME_DIRECTORY")
            .or_else(root)
            .or_else(runtime)
            .unwrap_or_else(|| data_dir.to_owned())
            .join(SOCKET)
    }

    /// Where clients look for a daemon, in this order: a user's own, the system's, and the data
    /// directory.
    pub fn client_sockets(&self) -> Vec<PathBuf> {
        let own = self
            .absolute("XDG_RUNTIME_DIR")
            .map(|dir| dir.join("ringhook").join(SOCKET));
        let system = PathBuf::from("/run/ringhook").join(SOCKET);
        let data = self.data_dir().map(|dir| dir.join(SOCKET));
        own.into_iter().chain([system]).chain(data).collect()
    }

    /// Where the configuration is looked for when no flag names one. None without a home.
    pub fn config_file(&self) -> Option<PathBuf> {
        if self.is_root {
            return Some(PathBuf::from("/etc/ringhook/ringhook.toml"));
        }
        self.absolute("XDG_CONFIG_HOME")
            .or_else(|| Some(self.absolute("HOME")?.join(".config")))
            .map(|dir| dir.join("ringhook/ringhook.toml"))
    }

    /// A path from a variable; the XDG specification says to ignore relative ones.
    fn absolute(&self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.environment.get(name)?);
        path.is_absolute().then_some(path)
    }

    /// systemd separates several directories by colons; the first is ours.
    fn first_of(&self, name: &str) -> Option<PathBuf> {
        let list = self.environment.get(name)?.to_str()?;
        let path = PathBuf::from(list.split(':').next()?);
        path.is_absolute().then_some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(is_root: bool, environment: &[(&str, &str)]) -> Identity {
        let pair = |(name, value): &(&str, &str)| (name.to_string(), OsString::from(value));
        Identity {
            is_root,
            environment: environment.iter().map(pair).collect(),
        }
    }

    #[test]
    fn places_of_root_a_user_and_the_unit() {
        let check = |who: Identity, data: Option<&str>, socket: &str, config: Option<&str>| {
            let dir = who.data_dir();
            assert_eq!(dir.as_deref(), data.map(Path::new), "{who:?}");
            let dir = dir.unwrap_or_else(|| "/given".into());
            assert_eq!(who.socket(&dir), Path::new(socket), "{who:?}");
            assert_eq!(who.config_file().as_deref(), config.map(Path::new));
        };
        check(
            identity(
                true,
                &[("HOME", "/root"), ("XDG_RUNTIME_DIR", "/run/user/0")],
            ),
            Some("/var/lib/ringhook"),
            "/run/ringhook/ringhook.sock",
            Some("/etc/ringhook/ringhook.toml"),
        );
        check(
            identity(false, &[("HOME", "/home/ana")]),
            Some("/home/ana/.local/share/ringhook"),
            "/home/ana/.local/share/ringhook/ringhook.sock",
            Some("/home/ana/.config/ringhook/ringhook.toml"),
        );
        check(
            identity(
                false,
                &[
                    ("XDG_DATA_HOME", "/d"),
                    ("XDG_RUNTIME_DIR", "/run/user/7"),
                    ("XDG_CONFIG_HOME", "/c"),
                ],
            ),
            Some("/d/ringhook"),
            "/run/user/7/ringhook/ringhook.sock",
            Some("/c/ringhook/ringhook.toml"),
        );
        check(
            identity(
                false,
                &[
                    ("STATE_DIRECTORY", "/s/a:/s/b"),
                    ("RUNTIME_DIRECTORY", "/r"),
                ],
            ),
            Some("/s/a"),
            "/r/ringhook.sock",
            None,
        );
        check(
            identity(false, &[("XDG_DATA_HOME", "relative")]),
            None,
            "/given/ringhook.sock",
            None,
        );
    }

    #[test]
    fn a_client_looks_at_its_own_before_the_system() {
        let who = identity(false, &[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/run/user/7")]);
        assert_eq!(
            who.client_sockets(),
            [
                "/run/user/7/ringhook/ringhook.sock",
                "/run/ringhook/ringhook.sock",
                "/h/.local/share/ringhook/ringhook.sock",
            ]
            .map(PathBuf::from)
        );
    }
}
