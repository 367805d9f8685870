"""From tree and arguments to a `Graph`: names, values, defaults, shapes, and every mistake.

The order of reading: `nets` is where a net begins; `bodies` carries out statements, `inputs` those
that declare one, `steps` what stands in them; `expressions` gives values, `arithmetic` those of
tensors, `lookup` what a name means, `calls` what a call is worth, `binding` and `defaults` its
arguments, `instances` the body of a block, `sharing` one set of weights for several uses. These are
about one another, as the language is: a step holds an expression, an expression a pipeline, a call
a block with statements. So they import one another as modules (`from netdsl.elaborate import
steps`) and look up a function there when they call it.

All others import only what is below themselves: `values`, `builder` and `frame` are the data,
`report` and `limits` how an evaluation ends, `scope` and `families` files and their items, `static`
what can be said of a body without elaborating it. `settings` reads train sections and `lint` tells
what is written and never used; nothing here needs those two.
"""
