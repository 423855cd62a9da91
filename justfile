# `just` lists these.

default:
    @just --list

# Build, check and test as the gate does.
ci:
    .ci/run

# Format, then look for what the gate would refuse.
lint:
    cargo fmt
    cargo clippy --all-targets -- -D warnings

# Tests, all or those whose names hold WHAT.
test what="":
    cargo test -- {{what}}

# Nights of the sender against a model provider in simulated time, so many of each kind.
simulate seeds="5000":
    CLIENTFERRY_SIMULATE={{seeds}} cargo test --release --test it -- simulate

# Write golden files and generated pages anew; look at the diff before committing.
bless:
    CLIENTFERRY_BLESS=1 cargo test
    git diff --stat

# The messy sample into the sandbox.
demo:
    cargo run --release -- import samples/clients-messy.csv --to tbank/fl-resident --sandbox

# A file of invented clients, for measuring.
generate rows="100000" file="clients.csv":
    cargo run --release -- sandbox generate --rows {{rows}} -o {{file}}

# Rows a second: reading beside a bare csv loop and calamine, writing beside a bare csv writer, then a whole check.
bench:
    cargo bench --bench read
    cargo bench --bench report
    cargo bench --bench check

# Hostile input for TARGET (sniff, delimited, workbook, provider_response, journal); needs cargo-fuzz and a nightly toolchain.
fuzz target seconds="600":
    mkdir -p fuzz/corpus/{{target}}
    cargo +nightly fuzz run --sanitizer none {{target}} fuzz/corpus/{{target}} fuzz/seeds/{{target}} -- -max_total_time={{seconds}} -timeout=20 -rss_limit_mb=2048 -max_len=16384

# Licences, advisories, sources (needs cargo-deny).
deny:
    cargo deny check
