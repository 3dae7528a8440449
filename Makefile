# SPDX-License-Identifier: Apache-2.0
#
# make run ARGS="SRC/ DEST/"   build the command and copy
# make install PREFIX=...      the command, its manual page and completions (DESTDIR is honoured)
# make deb, make tarball       packages for machines without Swift, in .build/packages
# make reproduce               build a clone in another folder, and compare the archives
# make test                    every test
# make sanitize                tests of copying with the optimized command under AddressSanitizer,
#                              and of several workers under ThreadSanitizer
# make fuzz FUZZ_SECONDS=60    parse bytes that nobody would write
# make bench ARGS="..."        measure
#
# What is missing is installed from Debian's packages; nothing is asked of apt when all is there.

PREFIX ?= /usr/local
DESTDIR ?=
# The compiler's and the linker's sums of what they were given, paths included.
FOLDER_MARKS := .swift_modhash .note.gnu.build-id
ARGS ?=

# sudo drops the PATH of the user who has Swift.
SWIFT ?= $(shell command -v swift || \
  { [ -n "$$SUDO_USER" ] && su - "$$SUDO_USER" -c 'command -v swift' 2>/dev/null; } || echo swift)
BINARY := .build/release/fastsync
# Linked whole: half of the time that a run with nothing to do takes would go into the dynamic loader.
# The compiler holds the arrows between the targets: what Package.swift does not name cannot be imported.
ARROWS := --explicit-target-dependency-import-check error
RELEASE := -c release $(ARROWS) -Xswiftc -static-executable --product fastsync

SANITIZED := .build-sanitized
SANITIZED_THREADS := .build-sanitized-threads
# What moves data. The others hardly differ here, or measure the command itself.
SANITIZED_TESTS := FastsyncTests.(CacheMode|DiskOrder|HeldFile|Reflink|HardLink|StoppedRun|MovingSource|Update|$\
  Interrupt|FailingEntry|EngineFallback)
# Where workers meet, are stopped, and fall back.
THREAD_TESTS := FastsyncTests.(Thread|HardLink|StoppedRun|MovingSource|Update|Interrupt|EngineFallback)

FUZZED := .build-fuzzed
FUZZ_SECONDS ?= 60

BUILD_PACKAGES := liburing-dev libpopt-dev libxxhash-dev libssl-dev binutils
TEST_PACKAGES := rsync xfsprogs btrfs-progs e2fsprogs acl attr libcap2-bin util-linux libnbd-bin \
  gcc make python3 python3-jsonschema python3-prometheus-client python3-matplotlib groff-base \
  procps strace tmux valgrind mandoc zsh fish debootstrap lintian
DEB_PACKAGES := debhelper dpkg-dev fakeroot

PACKAGES := .build/packages
# The times in packages, so that the same files make the same bytes: when their newest entry says.
CHANGELOG := .packaging/debian/changelog
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' $(CHANGELOG))
export SOURCE_DATE_EPOCH ?= $(shell date +%s -d "$$(sed -n '/^ -- /{s/.*>  //p;q}' $(CHANGELOG))")
# Of the two that are there; packages of other versions are no longer.
SUMS = cd $(PACKAGES) && find . -maxdepth 1 -name 'fastsync[-_]*' ! -name '*[-_]$(VERSION)[-_]*' -delete && \
  sha256sum $$(ls | grep -x 'fastsync.*\(deb\|tar.gz\)') >SHA256SUMS
CLONE := .build-again/in-a-folder-of-another-name
TARBALL := fastsync-$(VERSION)-linux-$(shell uname -m)

BASH_COMPLETIONS := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS := $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS := $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
MANUALS := $(DESTDIR)$(PREFIX)/share/man/man1

# Installs those of the packages $(1) that are missing.
define install_packages
@missing=; \
for package in $(1); do \
  dpkg-query -W -f '$${db:Status-Status}\n' $$package 2>/dev/null | grep -qx installed || \
    missing="$$missing $$package"; \
done; \
if [ -n "$$missing" ]; then \
  echo "installing$$missing" >&2; \
  command -v apt-get >/dev/null || { echo "please install$$missing" >&2; exit 1; }; \
  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
  { $$sudo apt-get update -qq && \
    $$sudo env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends $$missing; } >&2; \
fi
endef

.PHONY: build run test sanitize fuzz install uninstall deb tarball reproduce bench format lint clean \
  build-packages test-packages deb-packages

build: build-packages
	@command -v $(SWIFT) >/dev/null || \
	  { echo "Swift 6.2 or later is needed: https://www.swift.org/install/linux" >&2; exit 1; }
	@mkdir -p .build
	@[ -x $(BINARY) ] || echo "building fastsync (some minutes the first time)" >&2
	@$(SWIFT) build $(RELEASE) >.build/build.log 2>&1 || { cat .build/build.log >&2; exit 1; }

run: build
	@exec $(BINARY) $(ARGS)

test: build test-packages
	FASTSYNC_BINARY="$(abspath $(BINARY))" $(SWIFT) test $(ARROWS)
	@if [ -x bench/test ]; then set -x; bench/test; fi
	@if [ -x Tests/Packages/test ]; then set -x; Tests/Packages/test; fi

# The optimizer has let go of memory that was still in use, which no build without it shows. Where two
# threads race the command ends with 66, which no test expects.
sanitize: build-packages test-packages
	$(SWIFT) build -c release --sanitize=address --scratch-path $(SANITIZED) --product fastsync
	ASAN_OPTIONS=detect_leaks=0 FASTSYNC_BINARY="$(abspath $(SANITIZED)/release/fastsync)" \
	  $(SWIFT) test --filter '$(SANITIZED_TESTS)'
	$(SWIFT) build -c release --sanitize=thread --scratch-path $(SANITIZED_THREADS) --product fastsync
	FASTSYNC_BINARY="$(abspath $(SANITIZED_THREADS)/release/fastsync)" \
	  $(SWIFT) test --filter '$(THREAD_TESTS)'

# What parses bytes from outside, by libFuzzer; what it has learnt is kept for the next time.
fuzz: build-packages
	FASTSYNC_FUZZ=1 $(SWIFT) build --sanitize=fuzzer --scratch-path $(FUZZED) --product Fuzz
	@mkdir -p $(FUZZED)/corpus
	SWIFT_BACKTRACE=enable=no $(FUZZED)/debug/Fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
	  -dict=Tests/Fuzz/words.dict -artifact_prefix=$(FUZZED)/ $(FUZZED)/corpus Tests/Fuzz/Seeds

# Builds only when nothing was built: `make && sudo make install` leaves no files of root in .build.
# What is installed is stripped: half of what was built is names for a debugger. What only tells which
# folder it was built in goes as well, so that the same sources make the same bytes everywhere.
install:
	@[ -x $(BINARY) ] || $(MAKE) --no-print-directory build
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(MANUALS)" "$(BASH_COMPLETIONS)" "$(ZSH_COMPLETIONS)" \
	  "$(FISH_COMPLETIONS)"
	objcopy --strip-all $(FOLDER_MARKS:%=-R %) $(BINARY) "$(DESTDIR)$(PREFIX)/bin/fastsync"
	chmod 755 "$(DESTDIR)$(PREFIX)/bin/fastsync"
	install -m 644 docs/fastsync.1 "$(MANUALS)/fastsync.1"
	$(BINARY) --generate-completion-script bash >"$(BASH_COMPLETIONS)/fastsync"
	$(BINARY) --generate-completion-script zsh >"$(ZSH_COMPLETIONS)/_fastsync"
	$(BINARY) --generate-completion-script fish >"$(FISH_COMPLETIONS)/fastsync.fish"
	chmod 644 "$(BASH_COMPLETIONS)/fastsync" "$(ZSH_COMPLETIONS)/_fastsync" "$(FISH_COMPLETIONS)/fastsync.fish"

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/fastsync" "$(MANUALS)/fastsync.1" \
	  "$(BASH_COMPLETIONS)/fastsync" "$(ZSH_COMPLETIONS)/_fastsync" \
	  "$(FISH_COMPLETIONS)/fastsync.fish"

# What debhelper packs is laid out by itself: the top of the tree has no debian/. Nothing is compiled, so
# that the compilers which dpkg takes for needed are not (-d).
deb: build deb-packages
	@rm -rf $(PACKAGES)/deb && mkdir -p $(PACKAGES)/deb/fastsync
	cp -r $(BINARY) Makefile README.md LICENSE docs .packaging/debian .packaging/systemd \
	  $(PACKAGES)/deb/fastsync
	find $(PACKAGES)/deb -exec touch -h -d @$(SOURCE_DATE_EPOCH) {} +
	cd $(PACKAGES)/deb/fastsync && umask 022 && dpkg-buildpackage -b -d -us -uc
	mv $(PACKAGES)/deb/*.deb $(PACKAGES)
	rm -r $(PACKAGES)/deb
	$(SUMS)

# To be unpacked in /usr/local or another prefix; the sums of its files are in it.
tarball: build
	@rm -rf $(PACKAGES)/tarball && mkdir -p $(PACKAGES)/tarball/$(TARBALL)
	umask 022 && top="$$PWD" && cd $(PACKAGES)/tarball/$(TARBALL) && \
	  mkdir -p share/doc/fastsync/examples share/doc/fastsync/docs && \
	  $(MAKE) -C "$$top" --no-print-directory install PREFIX= DESTDIR="$$PWD" && \
	  cp "$$top"/README.md "$$top"/LICENSE share/doc/fastsync && \
	  cp "$$top"/.packaging/debian/copyright share/doc/fastsync/COPYRIGHT && \
	  cp "$$top"/docs/*.md "$$top"/docs/*.json share/doc/fastsync/docs && \
	  cp "$$top"/.packaging/systemd/* share/doc/fastsync/examples && \
	  sed -i s,/usr/bin/fastsync,/usr/local/bin/fastsync, share/doc/fastsync/examples/*.service && \
	  find bin share -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >SHA256SUMS
	tar -c -C $(PACKAGES)/tarball --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
	  --mtime=@$(SOURCE_DATE_EPOCH) $(TARBALL) | gzip -9n >$(PACKAGES)/$(TARBALL).tar.gz
	rm -r $(PACKAGES)/tarball
	$(SUMS)

reproduce: tarball
	rm -rf $(CLONE) && git clone -q . $(CLONE)
	$(MAKE) -C $(CLONE) --no-print-directory tarball
	cmp $(PACKAGES)/$(TARBALL).tar.gz $(CLONE)/$(PACKAGES)/$(TARBALL).tar.gz
	rm -rf $(CLONE)

bench: build
	bench/run $(ARGS)

format:
	$(SWIFT) format -i -r Package.swift Sources Tests

lint:
	$(SWIFT) format lint --strict -r Package.swift Sources Tests
	@if grep -rnE '^(public |internal |@testable )?import Foundation' Sources; then \
	  echo "Sources must do without Foundation" >&2; exit 1; fi

clean:
	rm -rf .build $(SANITIZED) $(SANITIZED_THREADS) $(FUZZED) .build-again

build-packages:
	$(call install_packages,$(BUILD_PACKAGES))

test-packages:
	$(call install_packages,$(TEST_PACKAGES) $(DEB_PACKAGES))

deb-packages:
	$(call install_packages,$(DEB_PACKAGES))
