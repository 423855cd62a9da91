//! What the process does for its own safety before it does anything else. Fails at nothing: where a system knows no such wish, it
//! goes unheard.

/// Keeps tokens and clients out of core files: none is written, and on Linux no debugger of the same user may look in either.
pub fn keep_memory_private() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    #[cfg(target_os = "linux")]
    {
        // Where core files are piped into a program, the limit is not asked.
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    }
}
