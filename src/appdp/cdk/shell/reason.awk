# Why bake failed, in the words of the CDK app: which image, what is wrong with it, and what to do about it.
# Reads bake's plain progress; what it does not know is told as bake tells it.

function owner(text, first) {
  # As in summary.awk: with several targets, a step starts with the name of one that it belongs to.
  first = text
  sub(/ .*/, "", first)
  return (first in known) ? first : (count == 1 ? names[1] : "")
}

# The rest of the error after some words, up to the next blank, without the colon that ends it.
function after(words, rest) {
  if (!match(error, words)) return ""
  rest = substr(error, RSTART + RLENGTH)
  sub(/ .*/, "", rest)
  sub(/:$/, "", rest)
  return rest
}

# What the registry answered, such as "403 Forbidden".
function answer() {
  return match(error, /[45][0-9][0-9] [A-Z][A-Za-z ]+/) ? " (" substr(error, RSTART, RLENGTH) ")" : ""
}

function told(what, next_step) {
  printf "[appdp] The build failed. %s: %s. %s\n", (image == "" ? "One of the images " images : "Image '" image "'"), what, next_step
  done = 1
}

function no_stage(stage, line, field, file) {
  while ((getline line < stages) > 0) {
    split(line, field, "\t")
    if (field[1] in known && tolower(field[2]) == tolower(stage)) {
      image = field[1]
      file = " '" field[3] "'"
      break
    }
  }
  told("its Dockerfile" file " has no stage '" stage "'", \
    "Name a stage so (FROM ... AS " stage "), or correct target= of the Image in the CDK app.")
}

function no_push(reference, repository) {
  repository = reference
  sub(/:[^:\/]*$/, "", repository)
  sub(/.*\//, "", repository)
  if (repository in known) image = repository
  if (reference == "") reference = "it"
  if (error ~ /401 Unauthorized|no basic auth|authorization (failed|token)/)
    told("the registry did not accept the password for the push of " reference answer(), \
      "A password of ECR is good for 12 hours: retry this stage.")
  else if (error ~ /403 Forbidden|denied|not authorized/)
    told("the registry refused the push of " reference answer(), \
      "Allow it in the policies of the build's role and of the repository. ECR also says so when a repository is full.")
  else if (error ~ /400 Bad Request|tag invalid|immutable/)
    told("the registry refused the tag of " reference answer() ", which is there already if the repository is immutable", \
      "Retry this stage: it leaves out what is pushed. If that is no help, delete the tag, or release another commit.")
  else if (error ~ /404 Not Found|name unknown|does not exist/)
    told("the registry has no repository for " reference answer(), "Deploy the stack with the ImageRepositories first.")
  else if (error ~ / 5[0-9][0-9] [A-Z]|429 |timeout|dial tcp|connection reset|EOF/)
    told("the registry could not take " reference answer(), "It may pass: retry this stage.")
}

function no_base(base) {
  if (error ~ /no match for platform/)
    told("its base '" base "' is not there for " platform, \
      "Take a base that is, or leave " platform " out of platforms= of the Image in the CDK app.")
  else if (error ~ /429 Too Many Requests|toomanyrequests/)
    told("the registry of its base '" base "' gives no more for now" answer(), \
      "Retry this stage later, or take the base from a mirror, such as ECR Public.")
  else if (error ~ /not found|404 Not Found|401 Unauthorized|403 Forbidden|denied|no basic auth|authorization failed/)
    told("its base '" base "' does not exist, or may not be pulled" answer(), \
      "Correct FROM in its Dockerfile; if the base is private, allow the build's role to pull it.")
}

BEGIN {
  count = split(images, names, " ")
  for (i = 1; i <= count; i++) known[names[i]] = 1
}

/^------$/ { inside = 0 }

/^ > / {
  inside = 1
  step = $0
  named = step
  sub(/^ > \[?/, "", named)
  image = owner(named)
}

inside && /[Ee]xec format error$/ {
  foreign = $0
  sub(/^[0-9.]+ /, "", foreign)
}

/^ERROR: / {
  error = substr($0, 8)
  if (match(error, /^target [^ ]+: /)) image = owner(substr(error, 8, RLENGTH - 9))
  sub(/^(target [^ ]+: )?(failed to solve: )?/, "", error)
}

END {
  if (image == "" && count == 1) image = names[1]
  if (match(error, /target stage "[^"]+" could not be found/))
    no_stage(substr(error, RSTART + 14, RLENGTH - 34))
  else if (error ~ /failed to push / || step ~ /exporting/)
    no_push(after("failed to push "))
  else if (error ~ /failed to resolve source metadata for /)
    no_base(after("failed to resolve source metadata for "))
  else if (foreign != "")
    told("a program that it runs is not for " platform " (" foreign ")", \
      "Take the one for ${TARGETARCH}, or leave " platform " out of platforms= of the Image in the CDK app.")
  else if (match(error, /"[^"]+": not found$/))
    told(substr(error, RSTART, RLENGTH - 11) " is not in its build context, or .dockerignore leaves it out", \
      "Add it to the repository, or correct its Dockerfile, or context= of the Image in the CDK app.")
  if (done) exit
  if (error == "") print "[appdp] The build failed; the reason is above."
  else told(error, "More is above.")
}
