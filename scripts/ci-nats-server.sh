#!/usr/bin/env bash
# Puts Debian's nats-server on the PATH where that is possible without asking anybody, for the suites that run on both
# brokers. Never fails, never waits long: without it those suites are skipped, and say so.
set -uo pipefail

command -v nats-server >/dev/null && exit 0
skip() {
  echo "# nats-server is not installed: $1"
  exit 0
}
command -v apt-get >/dev/null || skip 'there is no apt-get here'
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || skip 'only root may install it'
  as_root=(sudo -n)
fi
export DEBIAN_FRONTEND=noninteractive
apt() { timeout 60 "${as_root[@]}" apt-get -qq -o Acquire::Retries=1 -o DPkg::Lock::Timeout=20 "$@" >/dev/null 2>&1; }
apt install -y --no-install-recommends nats-server || { apt update && apt install -y --no-install-recommends nats-server; } ||
  skip 'apt-get could not install it'
