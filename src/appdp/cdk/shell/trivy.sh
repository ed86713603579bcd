# The scan: Trivy, of a version and with a checksum that the CDK app states. Written for bash.

say() { printf '[appdp] %s\n' "$*"; }

# What Trivy ends with when it found something; it ends with 1 when it could not scan.
found=10

# Scans an image once; its findings are written to the log and to a report: 0 it passes, 1 it does not.
scan_image() {
  local name=$1 reference=$2 result="$work/trivy-$1.json" verdict=0
  local options=(--severity "$APPDP_TRIVY_SEVERITY" --exit-code "$found" --no-progress --format json --output "$result")
  if [ "$APPDP_TRIVY_IGNORE_UNFIXED" = true ]; then options+=(--ignore-unfixed); fi
  say "Scanning image '$name'."
  "$work/trivy/trivy" image --platform "linux/$APPDP_ARCHITECTURE" "${options[@]}" "$reference" </dev/null || verdict=$?
  if [ "$verdict" -ne 0 ] && [ "$verdict" -ne "$found" ]; then
    say "Image '$name' was refused: Trivy could not scan it (code $verdict); the reason is above. Retry this stage."
    return 1
  fi
  "$work/trivy/trivy" convert --format table "$result" </dev/null || return 1
  "$work/trivy/trivy" convert --format template --template "@$work/trivy/contrib/junit.tpl" \
    --output "appdp-reports/$name.xml" "$result" </dev/null || return 1
  if [ "$verdict" -eq "$found" ]; then
    say "Image '$name' was refused: Trivy found what is $APPDP_TRIVY_SEVERITY; it is listed above. The report has it, too."
    return 1
  fi
}

# Every image that is not released yet, also one that an earlier, failed run pushed: no retry passes the gate unseen.
scan() {
  local name repository failed=0
  mkdir -p appdp-reports
  while IFS=$'\t' read -r name repository _; do
    if [ "$(cat "$work/state/$name")" = released ]; then continue; fi
    scan_image "$name" "$APPDP_REGISTRY/$repository:$APPDP_COMMIT-$APPDP_ARCHITECTURE" || failed=1
  done <"$work/images"
  if [ "$failed" -ne 0 ]; then
    say "The release is not published. Allowed is nothing of $APPDP_TRIVY_SEVERITY: update the base image or the packages."
  fi
  return "$failed"
}

install_pinned trivy \
  "https://github.com/aquasecurity/trivy/releases/download/v$APPDP_TRIVY_VERSION/trivy_${APPDP_TRIVY_VERSION}_$APPDP_TRIVY_FILE.tar.gz" \
  "$APPDP_TRIVY_SHA256" "Trivy $APPDP_TRIVY_VERSION" "Scan.trivy(sha256=)"
scan
