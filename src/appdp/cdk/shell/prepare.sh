# Before the build: who builds, what is to be built, and whether it can be. Written for bash.

say() { printf '[appdp] %s\n' "$*"; }

# One question to AWS: the token that Docker and curl log in with, and whether the registry is reached by https or http.
get_token() {
  local answer
  answer=$(aws ecr get-authorization-token --output text \
    --query 'authorizationData[0].[authorizationToken,proxyEndpoint]')
  token=${answer%%[[:space:]]*}
  scheme=${answer##*[[:space:]]}
  scheme=${scheme%%://*}
}

# The password goes through a pipe: every process on the machine may read arguments.
log_in() {
  local user_and_password
  user_and_password=$(printf '%s' "$token" | base64 --decode)
  printf '%s' "${user_and_password#*:}" | docker login --username AWS --password-stdin "$APPDP_REGISTRY"
}

# A BuildKit container of our own, unless buildx was told which builder to use.
choose_builder() {
  if [ -n "${BUILDX_BUILDER:-}" ]; then
    say "Builder: '$BUILDX_BUILDER', as BUILDX_BUILDER says."
    return 0
  fi
  say "Builder: a BuildKit container from $APPDP_BUILDKIT_IMAGE."
  # Told the node's name, buildx takes the builder that is there, if there is one.
  docker buildx create --name appdp --node appdp0 --use --bootstrap \
    --driver docker-container --driver-opt "image=$APPDP_BUILDKIT_IMAGE"
}

# Sets paths to the manifests of an image that matter, in the registry's API: the release's, and this architecture's.
set_paths() {
  paths=("$1/manifests/$APPDP_COMMIT" "$1/manifests/$APPDP_COMMIT-$APPDP_ARCHITECTURE")
}

# What curl is to ask, as a configuration, so that the token is no argument either.
questions() {
  local repository path paths
  printf 'header = "Authorization: Basic %s"\n' "$token"
  while IFS=$'\t' read -r _ repository _; do
    set_paths "$repository"
    for path in "${paths[@]}"; do
      printf 'url = "%s://%s/v2/%s"\noutput = "%s/answers/%s"\n' "$scheme" "$APPDP_REGISTRY" "$path" "$work" "$path"
    done
  done <"$work/images"
}

# Asks for all images at once, over a few connections; a commit that is already published costs seconds.
ask_registry() {
  local oci=application/vnd.oci.image docker=application/vnd.docker.distribution
  # What got no answer has the code 000, and curl says why.
  questions | curl --config - --no-progress-meter --parallel --parallel-max 8 --create-dirs \
    --header "Accept: $oci.index.v1+json, $oci.manifest.v1+json" \
    --header "Accept: $docker.manifest.list.v2+json, $docker.manifest.v2+json" \
    --connect-timeout 10 --max-time 30 --retry 2 \
    --write-out '%{response_code}\t%{url_effective}\n' >"$work/codes" || true
}

# Says what the registry answered when it was neither yes nor no.
show_answers() {
  local name=$1 path
  say "The registry did not say whether image '$name' is published. Its answers:"
  for path in "${@:2}"; do
    case "${codes[$path]:-000}" in
      200 | 404) continue ;;
      000) say "GET /v2/$path: none; curl's reason is above." ;;
      *) say "GET /v2/$path: HTTP ${codes[$path]}" ;;
    esac
    if [ -e "$work/answers/$path" ]; then printf '%.2000s\n' "$(<"$work/answers/$path")"; fi
  done
}

# Notes one word about each image: released, pushed (this architecture only) or wanted.
read_answers() {
  local name repository code url paths failed=0
  local -A codes=()
  while IFS=$'\t' read -r code url; do codes[${url#*/v2/}]=$code; done <"$work/codes"
  mkdir "$work/state"
  while IFS=$'\t' read -r name repository _; do
    set_paths "$repository"
    case "${codes[${paths[0]}]:-000} ${codes[${paths[1]}]:-000}" in
      "200 "*) printf 'released\n' >"$work/state/$name" ;;
      "404 200") printf 'pushed\n' >"$work/state/$name" ;;
      "404 404") printf 'wanted\n' >"$work/state/$name" ;;
      *)
        show_answers "$name" "${paths[@]}"
        failed=1
        ;;
    esac
  done <"$work/images"
  if [ "$failed" -ne 0 ]; then say "Nothing was built."; fi
  return "$failed"
}

# The images that are still wanted, each with its sources there.
list_targets() {
  local name state context dockerfile failed=0
  : >"$work/targets"
  while IFS=$'\t' read -r name _ context dockerfile; do
    read -r state <"$work/state/$name"
    if [ "$state" != wanted ]; then
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

get_token
log_in &
logging_in=$!
ask_registry
if ! wait "$logging_in"; then
  say "Docker could not log in to $APPDP_REGISTRY; the reason is above. Nothing was built."
  exit 1
fi
read_answers
list_targets
if [ -s "$work/targets" ]; then choose_builder; fi
