# Programs of a version and with a checksum that the CDK app states. Written for bash.

# Downloads an archive and unpacks it, unless its checksum is another: install_pinned FOLDER URL SHA256 NAME SAYS
install_pinned() {
  local folder="$work/$1" archive="$work/$1.tar.gz"
  curl --fail --silent --show-error --location --retry 3 --output "$archive" "$2"
  if ! printf '%s  %s\n' "$3" "$archive" | sha256sum --check --status; then
    say "$4 was refused: its archive has the SHA-256 $(sha256sum "$archive" | cut -d ' ' -f 1),"
    say "and $5 says $3. Nothing of it was run."
    return 1
  fi
  mkdir -p "$folder"
  tar -xzf "$archive" -C "$folder"
}
