autocmd BufRead,BufNewFile *.net set filetype=netdsl
