// SPDX-License-Identifier: Apache-2.0
#include "distributions/image_import.hpp"

namespace ksail {

namespace {

// A node that has just started may be asked before its runtime listens.
constexpr const char *wait_for_runtime = R"sh(
command -v ctr >/dev/null || { echo 'there is no ctr in the node' >&2; exit 127; }
i=0
until ctr version >/dev/null 2>&1 || [ $i -ge 150 ]; do
  i=$((i + 1))
  sleep 0.1 2>/dev/null || sleep 1
done
)sh";

// `--local` makes ctr 2 feed the content store itself instead of sending the archive through another service; older
// ones know no other way and not the word. A part is whole when the next one is there, or the end. ctr is killed rather
// than told of an end that is none: what it has read by then might do for an image.
constexpr const char *import_script = R"sh(set -e
folder=$1
mkdir -p "$folder"
pipe=$folder/to-$(cat /proc/sys/kernel/hostname)
mkfifo "$pipe"
local=
case "$(ctr images import --help)" in *--local*) local=--local ;; esac
ctr --namespace=k8s.io images import $local --no-unpack - <"$pipe" &
ctr=$!
exec 3>"$pipe"
give_up() {
  kill -9 "$ctr" 2>/dev/null || :
  echo 'the archive did not arrive whole' >&2
  exit 3
}
number=0
while :; do
  part=$folder/part-$(printf %07d $number)
  number=$((number + 1))
  next=$folder/part-$(printf %07d $number)
  waited=0
  until [ -e "$next" ] || [ -e "$folder/end" ]; do
    kill -0 "$ctr" 2>/dev/null || break 2
    [ -d "$folder" ] && [ $waited -lt 2400 ] || give_up
    waited=$((waited + 1))
    sleep 0.05 2>/dev/null || sleep 1
  done
  [ -e "$part" ] || break
  cat "$part" >&3 2>/dev/null || break
done
[ -d "$folder" ] || give_up
exec 3>&-
wait "$ctr")sh";

// An archive of the older form has no manifest: containerd makes one, which names the image's id as its configuration.
constexpr const char *present_script = R"sh(
while [ $# -gt 0 ]; do
  digest=$(ctr --namespace=k8s.io images ls "name==$1" | { read -r _; read -r _ _ d _; printf %s "$d"; })
  [ -n "$digest" ] || exit 1
  if [ "$digest" != "$2" ]; then
    case "$(ctr --namespace=k8s.io content get "$digest")" in *"$2"*) ;; *) exit 1 ;; esac
  fi
  shift 2
done)sh";

} // namespace

ImageImport containerd_image_import() {
  const std::string wait = wait_for_runtime;
  return {{"sh", "-c", wait + import_script, "import"}, {"sh", "-c", wait + present_script, "present"}};
}

} // namespace ksail
