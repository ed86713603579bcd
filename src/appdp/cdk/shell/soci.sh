# SOCI: what bake exported is converted, and then pushed. Written for bash.

say() { printf '[appdp] %s\n' "$*"; }

convert_and_push() {
  if ! command -v python3 >/dev/null; then
    say "This build image has no python3, which the conversion to SOCI needs. Use another build image, or no soci=."
    return 1
  fi
  install_pinned soci \
    "https://github.com/awslabs/soci-snapshotter/releases/download/v$APPDP_SOCI_VERSION/soci-snapshotter-$APPDP_SOCI_VERSION-$APPDP_SOCI_FILE.tar.gz" \
    "$APPDP_SOCI_SHA256" "SOCI $APPDP_SOCI_VERSION" "Soci(sha256=)"
  aws ecr get-login-password | python3 "$work/soci.py" "$work"
}

if [ -s "$work/targets" ]; then convert_and_push; fi
