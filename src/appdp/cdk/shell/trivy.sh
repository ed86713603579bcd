# The scan: Trivy, of a version and with a checksum that the CDK app states. Written for bash.

say() { printf '[appdp] %s\n' "$*"; }

# Every image that is not released yet, also one that an earlier, failed run pushed: no retry passes the gate unseen.
scan() {
  local name repository failed=0
  local options=(--severity "$APPDP_TRIVY_SEVERITY" --exit-code 1 --no-progress)
  if [ "$APPDP_TRIVY_IGNORE_UNFIXED" = true ]; then options+=(--ignore-unfixed); fi
  while IFS=$'\t' read -r name repository _; do
    if [ "$(cat "$work/state/$name")" = released ]; then continue; fi
    say "Scanning image '$name'."
    if ! "$work/trivy/trivy" image --platform "linux/$APPDP_ARCHITECTURE" "${options[@]}" \
      "$APPDP_REGISTRY/$repository:$APPDP_COMMIT-$APPDP_ARCHITECTURE" </dev/null; then
      say "Image '$name' was refused: Trivy found $APPDP_TRIVY_SEVERITY, or could not scan it. The reason is above."
      failed=1
    fi
  done <"$work/images"
  return "$failed"
}

install_pinned trivy \
  "https://github.com/aquasecurity/trivy/releases/download/v$APPDP_TRIVY_VERSION/trivy_${APPDP_TRIVY_VERSION}_$APPDP_TRIVY_FILE.tar.gz" \
  "$APPDP_TRIVY_SHA256" "Trivy $APPDP_TRIVY_VERSION" "Scan.trivy(sha256=)"
scan
