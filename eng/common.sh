# shellcheck shell=bash disable=SC2034
# Sourced by build.sh and the scripts beside this file.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
artifacts=$root/artifacts
dotnet_out=$artifacts/dotnet   # ArtifactsPath of Directory.Build.props
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDDISABLENODEREUSE=1
export npm_config_update_notifier=false

die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# note TEXT: shown on the progress line of the step that the calling script runs in.
note() { printf 'note: %s\n' "$*"; }

seconds_since() { local ms=$(((${EPOCHREALTIME/[.,]/} - $1) / 1000)); printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100)); }

# step LABEL COMMAND...: runs an external command with one progress line; its output goes to artifacts/logs and is
# shown when it fails. Steps of several runs in one tree wait for each other.
step() {
  local label=$1 log started=${EPOCHREALTIME/[.,]/}; shift
  mkdir -p "$artifacts/logs"
  log=$artifacts/logs/$(tr -cs 'a-z0-9' '-' <<<"${label,,}" | sed 's/-*$//').log
  printf '%-46s' "==> $label"
  if flock --close "$artifacts/logs/lock" "$@" >"$log" 2>&1 </dev/null; then
    printf 'ok %7s s  %s\n' "$(seconds_since "$started")" "$(sed -n 's/^note: //p' "$log" | tail -1)"
  else
    printf 'FAILED after %s s\n' "$(seconds_since "$started")"
    tail -n 60 "$log" >&2
    die "'$label' failed. The whole output: ${log#"$root"/}"
  fi
}

# need TOOL...: stops with every missing tool and the command that installs it.
need() {
  local tool missing=
  for tool in "$@"; do
    if [ "$tool" = dotnet ]; then
      # 10.0.100 and later: see global.json.
      dotnet --list-sdks 2>/dev/null | grep -q '^10\.' && continue
    else
      command -v "$tool" >/dev/null && continue
    fi
    missing+=$'\n'"  $(how_to_install "$tool")"
  done
  [ -z "$missing" ] || die "missing prerequisites, each with the command that installs it on Debian:$missing"
}

how_to_install() {
  case $1 in
    dotnet) echo ".NET 10 SDK   apt-get install -y dotnet-sdk-10.0     (Microsoft's Debian package source; or: dotnet-install.sh --channel 10.0)" ;;
    ninja) echo "ninja         apt-get install -y ninja-build" ;;
    *) printf '%-13s apt-get install -y %s\n' "$1" "$1" ;;
  esac
}

# wants_cuda_provider: does this machine get ONNX Runtime's CUDA provider (180 MB)?
wants_cuda_provider() {
  case ${FLASHRT_WITH_CUDA_PROVIDER:-} in
    1) return 0 ;;
    0) return 1 ;;
    *) nvidia-smi -L >/dev/null 2>&1 ;;
  esac
}
