#!/bin/sh
# Makes of the system below $1, with supervisor installed, the platform's pool: its configuration and its folders. And
# makes it quick: a suite starts a thousand supervisorctl, and loads the image half a dozen times.
set -e
root="${1%/}"
here="$(dirname "$0")"
packages=/usr/lib/python3/dist-packages

cp "$here/supervisord.conf" "$root/etc/supervisor/"
mkdir -p "$root/pool/supervisor" "$root/pool/bots" "$root/pool/logs"

# What Debian's scripts and supervisor load to find their own entry points is more than half of each start.
rm -rf "$root$packages/pkg_resources"
cp "$here/pkg_resources.py" "$root$packages/"
chroot "$root/" python3 -m compileall -q "$packages/pkg_resources.py"
for program in supervisord supervisorctl; do
  printf '#!/usr/bin/python3\nfrom supervisor.%s import main\nmain()\n' "$program" >"$root/usr/bin/$program"
done

# A third of the image, and nothing in a pool runs it.
rm -rf "$root"/usr/lib/*/perl* "$root"/usr/lib/*/libperl* "$root"/usr/lib/*/gconv "$root"/usr/share/perl* \
  "$root"/usr/bin/perl* "$root"/usr/share/zoneinfo "$root"/usr/share/doc "$root"/usr/share/man \
  "$root"/usr/share/locale "$root"/var/lib/apt/lists "$root"/var/cache/apt
