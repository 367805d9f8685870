" Two spaces more within brackets, and where a line goes on with an arrow or an operator.

if exists('b:did_indent')
  finish
endif
let b:did_indent = 1

setlocal indentexpr=NetdslIndent() indentkeys=0{,0},0),0],!^F,o,O,0=->,0=else
let b:undo_indent = 'setlocal indentexpr< indentkeys<'

if exists('*NetdslIndent')
  finish
endif

" A line without its strings and its comment.
function s:Code(number)
  return substitute(substitute(getline(a:number), '"[^"]*"', '""', 'g'), '#.*$', '', '')
endfunction

function s:Count(text, pattern)
  return len(split(a:text, a:pattern, 1)) - 1
endfunction

" Whether the innermost bracket around the start of a line is round or square.
function s:InList(number)
  let l:here = getcurpos()
  call cursor(a:number, 1)
  let l:skip = 'synIDattr(synID(line("."), col("."), 0), "name") =~# "Comment$\\|String$"'
  let [l:line, l:column] = searchpairpos('[({[]', '', '[]})]', 'bnW', l:skip)
  call setpos('.', l:here)
  return l:line > 0 && getline(l:line)[l:column - 1] !=# '{'
endfunction

" Whether a line goes on with the statement of the one before it.
function s:Continues(number)
  if s:Code(a:number) =~# '^\s*->'
    return 1
  endif
  let l:before = prevnonblank(a:number - 1)
  let l:open = '\%(->\|[-+*/%<>=,]\|\<\%(and\|or\|not\|in\)\)\s*$'
  return l:before > 0 && s:Code(l:before) =~# l:open && !s:InList(a:number)
endfunction

function NetdslIndent()
  let l:last = prevnonblank(v:lnum - 1)
  if l:last == 0
    return 0
  endif
  let l:code = s:Code(l:last)
  " What closes at the start of a line has moved that line already.
  let l:opened = s:Count(l:code, '[({[]')
        \ - s:Count(substitute(l:code, '^\s*[]})]\+', '', ''), '[]})]')
  let l:leading = len(matchstr(s:Code(v:lnum), '^\s*\zs[]})]\+'))
  let l:arrows = s:Continues(v:lnum) - s:Continues(l:last)
  return max([indent(l:last) + (l:opened - l:leading + l:arrows) * shiftwidth(), 0])
endfunction
