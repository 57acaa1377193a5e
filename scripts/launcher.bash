# What scripts/tinygpt and scripts/tinygpt-spark share; they read it. They have set program to their name and home to the
# folder of the project.
#
# Written for bash 3.2, so that it runs on macOS too.
# shellcheck shell=bash

# Suggested commands shall call the script as it was called; one found on the PATH needs no folder.
typed=$0
[ "$(command -v -- "${0##*/}" || true)" != "$0" ] || typed=${0##*/}

# Room that the off-heap limit leaves to the system and the rest of the JVM: 1/8 of the memory, at least this.
readonly smallest_margin_mb=512

fail() {
  printf '%s: %s\n' "$program" "$1" >&2
  exit 1
}

# The file behind a path, through any number of symbolic links; readlink -f is missing on older systems.
resolve() {
  local file=$1 link
  while [ -L "$file" ]; do
    link=$(readlink -- "$file")
    case $link in
      /*) file=$link ;;
      *) file=${file%/*}/$link ;;
    esac
  done
  printf '%s\n' "$file"
}

# Sets java to the program and java_version to its feature release.
find_java() {
  if [ -n "${JAVA_HOME:-}" ]; then
    java=$JAVA_HOME/bin/java
    [ -x "$java" ] || fail "JAVA_HOME is $JAVA_HOME, but there is no bin/java in it; set it to a JDK of version 17 or newer, or unset it"
  else
    java=$(command -v java) || fail "java was not found; install a JDK of version 17 or newer, or set JAVA_HOME to one"
  fi
  java_version=
  # Reading the file release takes no time; asking java takes as long as starting it.
  local file release line
  file=$(resolve "$java")
  release=${file%/bin/java}/release
  if [ -f "$release" ]; then
    while IFS= read -r line; do
      case $line in
        JAVA_VERSION=*) java_version=${line#JAVA_VERSION=} ;;
      esac
    done <"$release"
  fi
  if [ -z "$java_version" ]; then
    line=$("$java" -version 2>&1) || fail "$java does not run: $line"
    java_version=${line#*version }
  fi
  java_version=${java_version#\"}
  java_version=${java_version#1.} # 1.8 was how Java 8 called itself
  java_version=${java_version%%[!0-9]*}
  [ "${java_version:-0}" -ge 17 ] ||
    fail "$java is Java ${java_version:-of an unknown version}; tinygpt needs 17 or newer: set JAVA_HOME to one"
}

# Whether a program is missing or older than what it is made of. Without sources it is taken as it is.
stale() {
  [ -f "$1" ] || return 0
  [ -d "$home/src/main" ] || return 1
  local inputs=("$home/pom.xml" "$home/src/main")
  [ ! -d "$home/.mvn" ] || inputs+=("$home/.mvn")
  [ -n "$(find "${inputs[@]}" -newer "$1" -print -quit)" ]
}

# Holds the lock until this script ends or starts java. Where flock is missing, a folder serves.
lock() {
  mkdir -p "$home/target" || fail "cannot create $home/target; make $home writable for the first build"
  if command -v flock >/dev/null 2>&1; then
    exec 9>"$home/target/launcher.lock"
    flock 9
    return
  fi
  local folder=$home/target/launcher.lock.d owner
  until mkdir "$folder" 2>/dev/null; do
    owner=$(cat "$folder/pid" 2>/dev/null || true)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
      rm -rf "$folder" # its owner was killed
    else
      sleep 0.2
    fi
  done
  trap 'rm -rf "$home/target/launcher.lock.d"' EXIT
  echo $$ >"$folder/pid"
}

unlock() {
  if command -v flock >/dev/null 2>&1; then
    exec 9>&-
  else
    trap - EXIT
    rm -rf "$home/target/launcher.lock.d"
  fi
}

# Runs Maven: what it is to make, what to say, and its arguments. What it prints is shown if it fails.
maven() {
  local made=$1 doing=$2 log=$home/target/launcher-build.log
  shift 2
  [ -f "$home/pom.xml" ] || fail "$made is missing, and there is no pom.xml in $home to build it from"
  command -v mvn >/dev/null 2>&1 || fail "mvn was not found, and $made has to be built; install Maven 3.8 or newer"
  echo "$program: $doing ..." >&2
  if ! (cd "$home" && mvn -B -ntp -q "$@") </dev/null >"$log" 2>&1 9>&-; then
    [ -d "$made" ] || rm -f "$made"
    cat "$log" >&2
    fail "the build failed, see above (also in $log)"
  fi
  [ -e "$made" ] || fail "the build ended without making $made; see $log"
}

# Builds a program: its file, what to say, and arguments of Maven.
build() {
  local file=$1 started=$home/target/launcher-build.started
  : >"$started"
  # A tinygpt that is still running keeps the file it has opened; one that changes under it would break it.
  rm -f "$file"
  # Formatting and tests are the business of 'mvn verify': here they would stand between an edit and its effect.
  maven "$@" -Dmaven.test.skip=true -Dspotless.check.skip=true package
  # What was edited while it was built counts as newer.
  touch -r "$started" "$file"
  rm -f "$started"
}

# Makes memory_mb smaller if the file holds a smaller number of bytes; "max" means no limit.
limit_memory() {
  local bytes
  if [ -r "$1" ] && read -r bytes <"$1"; then
    case $bytes in
      '' | *[!0-9]* | ???????????????????*) ;; # 19 digits and more: the old kernels' way to say no limit
      *)
        if [ "$memory_mb" -eq 0 ] || [ $((bytes >> 20)) -lt "$memory_mb" ]; then
          memory_mb=$((bytes >> 20))
        fi
        ;;
    esac
  fi
}

# Sets memory_mb to the memory of this machine or container, 0 if that cannot be found out.
find_memory() {
  memory_mb=0
  local key value unit line group
  if [ -r /proc/meminfo ]; then
    while read -r key value unit; do
      if [ "$key" = MemTotal: ]; then
        memory_mb=$((value >> 10))
        break
      fi
    done </proc/meminfo
    if [ -r /proc/self/cgroup ]; then
      while IFS= read -r line; do
        case $line in
          0::/*)
            group=${line#0::}
            group=${group%/}
            while :; do # a limit of any group above counts too
              limit_memory "/sys/fs/cgroup$group/memory.max"
              [ -n "$group" ] || break
              group=${group%/*}
            done
            ;;
          *:memory:/*)
            limit_memory "/sys/fs/cgroup/memory${line#*:memory:}/memory.limit_in_bytes"
            limit_memory /sys/fs/cgroup/memory/memory.limit_in_bytes
            ;;
        esac
      done </proc/self/cgroup
    fi
  elif value=$(sysctl -n hw.memsize 2>/dev/null); then
    memory_mb=$((value >> 20))
  fi
}

# Whether the command line asks for something that computes nothing.
light() {
  local arg command=
  for arg in ${1+"$@"}; do
    case $arg in
      --help | -h) return 0 ;;
      -*) ;;
      *) [ -n "$command" ] || command=$arg ;;
    esac
  done
  case $command in
    '' | params | inspect | diff | ledger | export) return 0 ;;
    *) return 1 ;;
  esac
}

# Java 17 can ask neither about one stream nor for the width of the terminal.
terminal() {
  if [ -t "$2" ]; then options+=("-Dtinygpt.$1.terminal=true"); else options+=("-Dtinygpt.$1.terminal=false"); fi
}

# Sets options to those of the JVM for a collector and a command line, and own to the user's, which come after them.
find_options() {
  local collector=$1 margin_mb limit_mb size
  shift
  own=()
  read -r -d '' -a own <<<"${TINYGPT_JAVA_OPTS:-}" || true
  options=("-Dtinygpt.home=$home" "-Dtinygpt.command=$typed" -Dorg.nd4j.log.initialization=false)
  case " ${own[*]-} " in
    *" -XX:+Use"*GC" "*) ;; # a second collector would be an error
    *) options+=("$collector") ;;
  esac
  if light ${1+"$@"}; then
    options+=(-Xshare:auto)
    case " ${*-} " in
      *" diff "* | *" --stats "* | *" ledger "*) ;; # whole files are hashed, four times as fast with the second compiler
      *) options+=(-XX:TieredStopAtLevel=1) ;;
    esac
  else
    # oneDNN listens to this variable alone. Workers run side by side, each with products of its own, so that nothing here
    # gains by another value; one that was set for other programs would turn oneDNN off.
    export OMP_NUM_THREADS=1
    options+=(--add-modules jdk.incubator.vector)
    # Weights are off the heap. It begins small, where the JVM would fill a 64th of the memory before it tidies up.
    case " ${own[*]-} " in
      *" -Xm"[sx]*) ;; # not more than its limit
      *) options+=(-Xms64m) ;;
    esac
    if [ "$java_version" -ge 24 ]; then
      options+=(--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow)
    fi
    # Without these JavaCPP allows as much as the heap may take, a quarter of the memory: too little for GPT-2. Without any
    # limit the machine would swap, where a message is better.
    find_memory
    if [ "$memory_mb" -gt 0 ]; then
      margin_mb=$((memory_mb / 8))
      [ "$margin_mb" -ge "$smallest_margin_mb" ] || margin_mb=$smallest_margin_mb
      limit_mb=$((memory_mb - margin_mb))
      # A machine with hardly more than the margin: half of it.
      [ "$limit_mb" -ge $((memory_mb / 2)) ] || limit_mb=$((memory_mb / 2))
      options+=("-Dorg.bytedeco.javacpp.maxbytes=${limit_mb}m" "-Dorg.bytedeco.javacpp.maxphysicalbytes=${limit_mb}m")
    fi
  fi
  terminal stdin 0
  terminal stdout 1
  terminal stderr 2
  size=
  if [ -t 2 ]; then
    size=$(stty size <&2 2>/dev/null) || size=
  elif [ -t 1 ]; then
    size=$(stty size <&1 2>/dev/null) || size=
  fi
  case ${size#* } in
    '' | 0 | *[!0-9]*) ;;
    *) options+=("-Dtinygpt.columns=${size#* }") ;;
  esac
}
