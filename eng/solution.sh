#!/usr/bin/env bash
# Builds the restored C# solution and leaves the launcher artifacts/bin/flashrt.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
dotnet build "$root/FlashRt.sln" -c Release --no-restore

mkdir -p "$artifacts/bin"
cat > "$artifacts/bin/flashrt" <<'END'
#!/usr/bin/env bash
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
exec dotnet "$here/../dotnet/bin/FlashRt.GraphRewriter.Cli/release/flashrt.dll" "$@"
END
chmod +x "$artifacts/bin/flashrt"
