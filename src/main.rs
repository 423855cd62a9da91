//! The front door: parse, run, tell, exit.

fn main() {}
