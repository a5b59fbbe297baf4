#!/usr/bin/env bash
# Runs a command with a Chromium on PATH: the one that is there, else Debian's when we may install it.
# Where neither is possible the browser tests report themselves as not run, loudly.
set -u
if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "Installing Chromium for the browser tests …"
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium) >/dev/null 2>&1 ||
			echo "Chromium could not be installed."
	fi
fi
exec "$@"
