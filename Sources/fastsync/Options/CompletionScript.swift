// SPDX-License-Identifier: Apache-2.0

/// A script that completes options, their values and files on the command line of a shell.
struct CompletionScript {
  /// The shells that are known.
  enum Shell: String, OptionWord {
    case bash, zsh, fish
  }

  /// The shell.
  let shell: Shell
  /// What is completed.
  let rows: [OptionRow]

  /// Completes `rows` in a shell.
  init(_ shell: Shell, rows: [OptionRow] = OptionTable.shown) {
    self.shell = shell
    self.rows = rows
  }

  /// The whole script.
  var text: String {
    switch shell {
    case .bash: bash
    case .zsh: zsh
    case .fish: fish
    }
  }

  // MARK: bash

  /// Bash takes `=` and `:` for ends of words, so `--cache=keep:auto` comes as five of them, and
  /// only the last is completed.
  private var bash: String {
    """
    # Completions of fastsync for bash.
    _fastsync_names() {
      local name=${current#[\\"\\']}
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen "$1" -- "${name//\\\\/}")
    }
    _fastsync() {
      local current=${COMP_WORDS[COMP_CWORD]} index=$COMP_CWORD word sign=
      COMPREPLY=()
      for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == -- ]] && return
      done
      if [[ $current == [=:] ]]; then current= index=$((index + 1)); fi
      if ((index > 2)) && [[ ${COMP_WORDS[index - 1]} == : ]]; then index=$((index - 2)); fi
      if ((index > 1)) && [[ ${COMP_WORDS[index - 1]} == = ]]; then index=$((index - 1)) sign==; fi
      case ${COMP_WORDS[index - 1]} in
    \(bashValues.joined(separator: "\n"))
      esac
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "\(bashOptions)" -- "$current"))
        if [[ ${COMPREPLY-} == *= ]]; then compopt -o nospace; fi
      fi
    }
    complete -o default -F _fastsync fastsync

    """
  }

  private var bashOptions: String {
    rows.flatMap { row in
      row.spellings.filter(\.isOn).map { spelling in
        let takesValue = row.value.map { !$0.isOptional } ?? false
        return takesValue && spelling.text.hasPrefix("--") ? spelling.text + "=" : spelling.text
      }
    }
    .joined(separator: " ")
  }

  private var bashValues: [String] {
    rows.compactMap { row in
      guard let value = row.value else { return nil }
      let pattern = row.spellings.filter(\.isOn).map(\.text).joined(separator: "|")
      let reply =
        switch value.kind {
        case .text: "compopt +o default"
        case .words(let words), .wordsBySide(let words):
          "COMPREPLY=($(compgen -W \"\(words.joined(separator: " "))\" -- \"$current\"))"
        case .file: "_fastsync_names -f"
        case .directory: "_fastsync_names -d"
        }
      // A word behind the option alone is no value of it.
      return value.isOptional
        ? "    \(pattern)) if [[ $sign ]]; then \(reply); return; fi ;;"
        : "    \(pattern)) \(reply); return ;;"
    }
  }

  // MARK: zsh

  private var zsh: String {
    """
    #compdef fastsync
    # Completions of fastsync for zsh.
    _fastsync() {
      _arguments -s -S \\
    \(rows.flatMap(zshOptions).map { "    \($0) \\\n" }.joined())    '*:path:_files'
    }
    if [[ $funcstack[1] == _fastsync ]]; then _fastsync "$@"; else compdef _fastsync fastsync; fi

    """
  }

  /// An option for `_arguments`, once for each way to type it; it may be given again.
  private func zshOptions(_ row: OptionRow) -> [String] {
    let help = quoted(row.help, escaping: "[]:")
    let value = row.value.map { ":\(quoted($0.name, escaping: ":")):\(zshAction($0.kind))" } ?? ""
    return row.spellings.filter(\.isOn).map { spelling in
      let isName = spelling.text.hasPrefix("--")
      let sign = row.value.map { $0.isOptional ? "=-" : isName ? "=" : "+" } ?? ""
      let isOptional = row.value?.isOptional == true
      return "'*\(spelling.text)\(sign)[\(help)]\(isOptional ? ":" : "")\(value)'"
    }
  }

  private func zshAction(_ kind: OptionValue.Kind) -> String {
    switch kind {
    case .text: " "
    case .words(let words): "(\(words.joined(separator: " ")))"
    case .wordsBySide(let words):
      "_sequence -s \\: -n 2 compadd - \(words.joined(separator: " "))"
    case .file: "_files"
    case .directory: "_files -/"
    }
  }

  // MARK: fish

  private var fish: String {
    "# Completions of fastsync for fish.\n"
      + rows.map { "complete -c fastsync \(fishOption($0))\n" }.joined()
  }

  private func fishOption(_ row: OptionRow) -> String {
    var words = row.names.map { "-l \($0)" }
    if let letter = row.letter { words.insert("-s \(letter)", at: 0) }
    switch row.value?.kind {
    case nil: break
    case .words(let choices) where row.value?.isOptional == true:
      // A word behind the option alone is no value of it.
      let spelled = row.names.flatMap { name in choices.map { "--\(name)=\($0)" } }
      let typed = row.names.map { "\"--\($0)*\"" }.joined(separator: " ")
      words.append("-d '\(quoted(row.help, escaping: ""))'\ncomplete -c fastsync")
      words.append("-n 'string match -q -- \(typed) (commandline -ct)'")
      words.append("-a '\(spelled.joined(separator: " "))'")
    case .text: words.append("-x")
    case .words(let choices): words.append("-x -a '\(choices.joined(separator: " "))'")
    case .wordsBySide(let choices):
      let pairs = choices.flatMap { source in
        choices.compactMap { $0 == source ? nil : "\(source):\($0)" }
      }
      words.append("-x -a '\((choices + pairs).joined(separator: " "))'")
    case .file: words.append(row.value?.isOptional == true ? "-F" : "-r -F")
    case .directory:
      // Given an option with nothing behind its sign, fish 3.6 takes all of it for a directory.
      let typed = #"(commandline -ct | string replace -r -- "^-[^=]*=" "")"#
      words.append("-x -a '(__fish_complete_directories \(typed))'")
    }
    return words.joined(separator: " ") + " -d '\(quoted(row.help, escaping: ""))'"
  }

  /// A text within single quotes, with a backslash before each of `marks`.
  ///
  /// A single quote itself has no place in it, so it becomes the typographic one.
  private func quoted(_ text: String, escaping marks: String) -> String {
    var quoted = ""
    for character in text {
      if marks.contains(character) { quoted.append("\\") }
      quoted.append(character == "'" ? "\u{2019}" : character)
    }
    return quoted
  }
}
