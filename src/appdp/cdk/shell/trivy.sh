# The scan: Trivy, of a version and with a checksum that the CDK app states. Written for bash.

say() { printf '[appdp] %s\n' "$*"; }

install_trivy() {
  local archive="$work/trivy.tar.gz"
  curl --fail --silent --show-error --location --retry 3 --output "$archive" \
    "https://github.com/aquasecurity/trivy/releases/download/v$APPDP_TRIVY_VERSION/trivy_${APPDP_TRIVY_VERSION}_$APPDP_TRIVY_FILE.tar.gz"
  if ! printf '%s  %s\n' "$APPDP_TRIVY_SHA256" "$archive" | sha256sum --check --status; then
    say "Trivy $APPDP_TRIVY_VERSION was refused: its archive has the SHA-256 $(sha256sum "$archive" | cut -d ' ' -f 1),"
    say "and Scan.trivy(sha256=) says $APPDP_TRIVY_SHA256. Nothing of it was run."
    return 1
  fi
  mkdir -p "$work/trivy"
  tar -xzf "$archive" -C "$work/trivy"
}

# Every image that is not released yet, also one that an earlier, failed run pushed: no retry passes the gate unseen.
scan() {
  local name repository code failed=0
  # A code that Trivy has for nothing else tells what it found from what it could not do.
  local options=(--severity "$APPDP_TRIVY_SEVERITY" --exit-code 10 --no-progress)
  if [ "$APPDP_TRIVY_IGNORE_UNFIXED" = true ]; then options+=(--ignore-unfixed); fi
  while IFS=$'\t' read -r name repository _; do
    if [ "$(cat "$work/state/$name")" = released ]; then continue; fi
    say "Scanning image '$name'."
    code=0
    "$work/trivy/trivy" image --platform "linux/$APPDP_ARCHITECTURE" "${options[@]}" \
      "$APPDP_REGISTRY/$repository:$APPDP_COMMIT-$APPDP_ARCHITECTURE" </dev/null || code=$?
    if [ "$code" -eq 0 ]; then continue; fi
    failed=1
    if [ "$code" -eq 10 ]; then
      say "Image '$name' was refused: Trivy found what is $APPDP_TRIVY_SEVERITY; it is listed above."
    else
      say "Image '$name' was refused: Trivy could not scan it (code $code); the reason is above. Retry this stage."
    fi
  done <"$work/images"
  if [ "$failed" -ne 0 ]; then
    say "The release is not published. Allowed is nothing of $APPDP_TRIVY_SEVERITY: update the base image or the packages."
  fi
  return "$failed"
}

install_trivy
scan
