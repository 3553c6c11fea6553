#!/bin/bash
# What `sam build` wants of each function: the files of the architecture's zip, in a folder.  artifacts.sh ARCH FOLDER
# All functions have the same; the handler's name, in the template, decides what they do.
set -euo pipefail
arch=${1:?which architecture} folder=${2:-}
[ -n "$folder" ] || { echo "artifacts: ARTIFACTS_DIR is not set: the folder for what is built" >&2; exit 2; }
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
zip=build/weir-lambda-$arch.zip
if [ -e /etc/debian_version ]; then
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS ./build.sh package --arch "$arch" # the caller's make has settings of its own
elif [ -e "$zip" ]; then
    echo "artifacts: $zip as it is: this is no Debian, on which it could be made anew"
else
    echo "artifacts: $zip is not there, and this is no Debian to make it on: docs/DEPLOY.md says how else" >&2
    exit 1
fi
unzip -q -o "$zip" -d "$folder"
