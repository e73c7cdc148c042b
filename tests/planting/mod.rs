//! Copies of the source with something wrong in them.

use std::fs;
use std::path::Path;

/// Makes a folder as another is, without what is built.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the scratch folder is writable");
    for old in fs::read_dir(to).expect("the scratch folder is readable").flatten() {
        // What was renamed since an earlier run would stand there twice.
        if !from.join(old.file_name()).exists() {
            let gone = if old.path().is_dir() { fs::remove_dir_all(old.path()) } else { fs::remove_file(old.path()) };
            gone.expect("the scratch folder is writable");
        }
    }
    for entry in fs::read_dir(from).expect("the source is readable").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if name != "target" && name != "corpus" {
                copy(&path, &to.join(name));
            }
        } else {
            // What is there already keeps its time, so that cargo does not compile it again.
            let (bytes, to) = (fs::read(&path).expect("the source is readable"), to.join(name));
            if fs::read(&to).ok().as_ref() != Some(&bytes) {
                fs::write(to, bytes).expect("the scratch folder is writable");
            }
        }
    }
}

/// Changes a place of the copy. It must be there once, so that no plant is lost when the source changes.
pub fn plant(root: &Path, file: &str, old: &str, new: &str) {
    let path = root.join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{file}: {e}"));
    assert_eq!(text.matches(old).count(), 1, "planted in {file} at\n{old}\nwhich is not there once");
    fs::write(&path, text.replace(old, new)).expect("the scratch folder is writable");
}
