# What bake's plain progress says about each image: steps from the cache, steps built, and their time.
#
# A step of the cache whose layers are needed is fetched: it says what it downloads and unpacks, and ends with DONE, as a
# step that was built. No program that a step runs can print such lines: what it prints comes after a time.
# A base image is never built.

function owner(text, first) {
  # With several targets, a step starts with its target's name; a stage that they share has the name of one of them.
  first = text
  sub(/ .*/, "", first)
  return (first in known) ? first : (count == 1 ? names[1] : "")
}

BEGIN {
  count = split(images, names, " ")
  for (i = 1; i <= count; i++) known[names[i]] = 1
}

/^#[0-9]+ \[.*[0-9]+\/[0-9]+\] / && !($1 in step) {
  inside = substr($0, index($0, "[") + 1)
  step[$1] = substr(inside, index(inside, "]") + 2)
  sub(/\].*/, "", inside)
  image[$1] = owner(inside)
}

/^#[0-9]+ CACHED/ && ($1 in step) && !($1 in ended) {
  ended[$1] = 1
  cached[image[$1]]++
}

/^#[0-9]+ (extracting )?sha256:/ && ($1 in step) {
  fetched[$1] = 1
}

/^#[0-9]+ DONE [0-9.]+s/ && ($1 in step) && ($1 in fetched || !($1 in ended) && step[$1] ~ /^FROM /) {
  spent_fetching[image[$1]] += $3
  delete fetched[$1]
  if (!($1 in ended)) cached[image[$1]]++
  ended[$1] = 1
}

/^#[0-9]+ DONE [0-9.]+s/ && ($1 in step) && !($1 in ended) {
  ended[$1] = 1
  seconds = $3
  sub(/s$/, "", seconds)
  built[image[$1]]++
  spent[image[$1]] += seconds
  lines[image[$1]] = lines[image[$1]] sprintf("[appdp]   %6.1f s  %s\n", seconds, substr(step[$1], 1, 90))
}

/^#[0-9]+ pushing manifest for / {
  reference = $5
  digest = reference
  sub(/@.*/, "", reference)
  sub(/.*@/, "", digest)
  if (index(digest, "sha256:") == 1) pushed[reference] = digest
}

END {
  for (i = 1; i <= count; i++) {
    name = names[i]
    printf "[appdp] %s: %d steps from the cache, %d built in %.1f s", name, cached[name], built[name], spent[name]
    if (spent_fetching[name] >= 0.05) printf ", layers fetched in %.1f s", spent_fetching[name]
    printf "\n%s", lines[name]
  }
  for (reference in pushed) if (reference !~ /:cache-/) printf "[appdp] pushed %s as %s\n", reference, pushed[reference]
}
