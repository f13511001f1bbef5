#!/usr/bin/env bash
# The report's tests drive a headless Chromium: the system's, else Debian's, else Playwright's own.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v chromium >/dev/null || command -v google-chrome >/dev/null || [ -n "${CHROMIUM:-}" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq >/dev/null && apt-get install -y -qq chromium >/dev/null && exit 0
fi
.venv/bin/playwright install chromium >/dev/null || {
  echo "No Chromium found: install it, or set CHROMIUM to its path." >&2
  exit 3
}
