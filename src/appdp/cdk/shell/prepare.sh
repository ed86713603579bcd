# Before the build: who builds, what is to be built, and whether it can be. Written for bash.

say() { printf '[appdp] %s\n' "$*"; }

log_in() {
  aws ecr get-login-password | docker login --username AWS --password-stdin "$APPDP_REGISTRY"
}

# A BuildKit container of our own, unless buildx was told which builder to use.
choose_builder() {
  if [ -n "${BUILDX_BUILDER:-}" ]; then
    say "Builder: '$BUILDX_BUILDER', as BUILDX_BUILDER says."
  elif docker buildx inspect appdp >/dev/null 2>&1; then
    say "Builder: the BuildKit container that is already here."
    docker buildx use appdp
  else
    say "Builder: a BuildKit container from $APPDP_BUILDKIT_IMAGE."
    docker buildx create --name appdp --use --bootstrap \
      --driver docker-container --driver-opt "image=$APPDP_BUILDKIT_IMAGE"
  fi
}

# Whether the registry has a tag: 0 it has, 1 it has not, 2 nobody knows.
has_tag() {
  local answer
  if answer=$(docker buildx imagetools inspect "$1" 2>&1 >/dev/null); then return 0; fi
  case "$answer" in
    *"not found"* | *"manifest unknown"* | *"name unknown"*) return 1 ;;
  esac
  printf '%s\n' "$answer" >&2
  return 2
}

# Writes one word about an image: released, pushed (this architecture only) or wanted.
state_of() {
  local name=$1 reference="$APPDP_REGISTRY/$2:$APPDP_COMMIT" known=0
  has_tag "$reference" || known=$?
  if [ "$known" -eq 0 ]; then printf 'released\n'; return 0; fi
  if [ "$known" -eq 2 ]; then return 1; fi
  known=0
  has_tag "$reference-$APPDP_ARCHITECTURE" || known=$?
  case "$known" in
    0) printf 'pushed\n' ;;
    1) printf 'wanted\n' ;;
    *) return 1 ;;
  esac
}

# Asks for all images at once; a commit that is already published costs seconds.
ask_registry() {
  local name repository job failed=0 waiting=()
  mkdir "$work/state"
  while IFS=$'\t' read -r name repository _; do
    state_of "$name" "$repository" >"$work/state/$name" </dev/null &
    waiting+=("$!:$name")
  done <"$work/images"
  for job in "${waiting[@]}"; do
    if ! wait "${job%%:*}"; then
      say "The registry did not say whether image '${job#*:}' is published. Its answer is above."
      failed=1
    fi
  done
  return "$failed"
}

# The images that are still wanted, each with its sources there.
list_targets() {
  local name context dockerfile failed=0
  : >"$work/targets"
  while IFS=$'\t' read -r name _ context dockerfile; do
    if [ "$(cat "$work/state/$name")" != wanted ]; then
      say "Image '$name': commit $APPDP_COMMIT is already published for linux/$APPDP_ARCHITECTURE."
    elif [ ! -d "$context" ]; then
      say "Image '$name': its build context '$context' is no folder of commit $APPDP_COMMIT."
      failed=1
    elif [ ! -f "$context/$dockerfile" ]; then
      say "Image '$name': there is no Dockerfile '$dockerfile' in its build context '$context'."
      failed=1
    else
      printf '%s\n' "$name" >>"$work/targets"
    fi
  done <"$work/images"
  if [ "$failed" -ne 0 ]; then
    say "Correct the Image(...) in the CDK app, or add what is missing. Nothing was built."
  fi
  return "$failed"
}

log_in
ask_registry
list_targets
if [ -s "$work/targets" ]; then choose_builder; fi
