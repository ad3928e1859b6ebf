#!/usr/bin/env bash
# Asks the program in this container how it is: 0 if it answers 200, 1 if not. The first argument is the path, /healthz or /readyz.
# In bash alone: the image has no curl, and Node takes a tenth of a second of CPU to start, every few seconds, for ever.
set -euo pipefail

exec 3<>"/dev/tcp/127.0.0.1/${TIDEGATE_OPERATIONS_PORT:-8081}"
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "${1:-/healthz}" >&3
IFS= read -r -t 4 status <&3 || exit 1
[[ "$status" == "HTTP/1.1 200 "* ]]
