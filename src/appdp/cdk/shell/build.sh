# The build: one bake for all images that are wanted, then what it did. Written for bash.

say() { printf '[appdp] %s\n' "$*"; }

build() {
  local targets status=0
  mapfile -t targets <"$work/targets"
  if [ "${#targets[@]}" -eq 0 ]; then
    say "Nothing to build: every image of commit $APPDP_COMMIT is there for linux/$APPDP_ARCHITECTURE."
    return 0
  fi
  say "Building ${targets[*]} for linux/$APPDP_ARCHITECTURE."
  APPDP_LAYOUTS="$work/layouts" docker buildx bake --file "$work/bake.json" --progress plain "${targets[@]}" 2>&1 |
    tee "$work/bake.log" || status=$?
  awk -v images="${targets[*]}" -f "$work/summary.awk" "$work/bake.log"
  if [ "$status" -ne 0 ]; then
    awk -v images="${targets[*]}" -v platform="linux/$APPDP_ARCHITECTURE" -v stages="$work/stages" \
      -f "$work/reason.awk" "$work/bake.log"
  fi
  return "$status"
}

build
