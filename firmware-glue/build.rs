//! Gives the shared object its name: `libmillpond.so.N`, where N is the ABI of `src/version.rs`.

use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=src/version.rs");
    let source = fs::read_to_string("src/version.rs").expect("src/version.rs is there");
    let abi = source.split_once("MP_ABI: u32 = ").and_then(|(_, rest)| rest.split_once(';'));
    let (abi, _) = abi.expect("src/version.rs says MP_ABI");
    // Which names are exported is the compiler's own version script: those marked `no_mangle`, and no others.
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libmillpond.so.{abi}");
    }
}
