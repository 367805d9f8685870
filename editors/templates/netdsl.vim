" Specs of neural nets, netdsl. Written by netdsl/generate.py from editors/templates/netdsl.vim and
" the words of the catalogue.

if exists('b:current_syntax')
  finish
endif

syntax case match
syntax iskeyword @,48-57,_,192-255

" Where two match at one place, the later one wins. What is contained elsewhere is listed in clusters:
" a value, a statement (which may stand at the start of a line or of a body), a setting.
syntax cluster netdslValue contains=netdslComment,netdslString,netdslInteger,netdslFloat,netdslCall,netdslBuiltin,netdslSymbol,netdslInitializer,netdslLayer,netdslConstant,netdslWord,netdslControl,netdslExpect,netdslIt,netdslAs,netdslFor,netdslMember,netdslFlow,netdslParens,netdslBrackets,netdslBody
syntax cluster netdslStatement contains=@netdslValue,netdslStarting,netdslSide,netdslImport,netdslLet,netdslDeclaration,netdslInput
syntax cluster netdslTrained contains=@netdslValue,netdslArgument,netdslArgumentSymbol,netdslTraining,netdslTrainedParens,netdslTrainedBrackets

" Values
syntax match netdslCall '\<\K\k*\>\ze\s*('
syntax match netdslBuiltin '\<\%(@functions@\)\>\ze\s*('
syntax match netdslSymbol '\<\%(@symbols@\)\>\%(\s*(\)\@!'
syntax match netdslInitializer '\<\%(@initializers@\)\>'
syntax match netdslLayer '\<\%(@layers@\)\>'
syntax match netdslTraining contained '\<\%(@training@\)\>'
syntax match netdslConstant '\<\%(@constants@\)\>'
syntax match netdslWord '\<\%(@operators@\)\>'
syntax match netdslControl '\<\%(@inner@\)\>'
syntax match netdslExpect '\<expect\>\ze\s\+\K\k*\s*=\%(=\)\@!'
syntax match netdslIt '\<it\>'
syntax match netdslArgument contained '\<\K\k*\>\ze\s*=\%(=\)\@!'
syntax match netdslArgumentSymbol contained '\%(=\s*\)\@20<=\<\%(@called_symbols@\)\>\%(\s*(\)\@!'
syntax match netdslAs '\<as\>\ze\s\+\K' nextgroup=netdslName skipwhite
syntax region netdslFor matchgroup=netdslControl start='\<for\>' end='\<in\>\|$' contains=netdslName
syntax match netdslName contained '\<\K\k*\>'
syntax match netdslMember '\%(\.\)\@1<=\K\k*'
syntax match netdslFlow '->'
syntax match netdslInteger '\<\d[0-9_]*\>'
syntax match netdslFloat '\<\d[0-9_]*\%(\.\d[0-9_]*\%([eE][+-]\?\d\+\)\?\|[eE][+-]\?\d\+\)'
syntax region netdslParens transparent matchgroup=netdslBracket start='(' end=')' contains=@netdslValue,netdslArgument,netdslArgumentSymbol
syntax region netdslBrackets transparent matchgroup=netdslBracket start='\[' end='\]' contains=@netdslValue
syntax region netdslBody transparent matchgroup=netdslBracket start='{' end='}' contains=@netdslStatement fold

" Statements and items
syntax match netdslStarting '\%(\%(^\|{\)\s*\)\@200<=\<\%(@starting@\)\>\%(\s*[=.]\)\@!'
syntax match netdslSide '\%(\%(^\|{\)\s*\)\@200<=\<\K\k*\>\ze\s*=\%(=\)\@!'
syntax region netdslImport matchgroup=netdslInclude start='^\s*from\>\ze\s*\%("\|\K\k*\s\+import\>\)' end='\ze\s*\%(#\|$\)' contains=netdslString,netdslImported,netdslImportWord,netdslImportComma
syntax region netdslImportComma contained transparent matchgroup=netdslBracket start=',' end='\ze[^ \t#]' contains=netdslComment
syntax match netdslImported contained '\<\K\k*\>'
syntax match netdslImportWord contained '\<\%(import\|as\)\>'
syntax match netdslLet '\%(\%(^\|{\)\s*\)\@200<=\<\%(let\|shared\)\>\ze\s' nextgroup=netdslName skipwhite
syntax match netdslDeclaration '\%(\%(^\|{\)\s*\)\@200<=\<\%(block\|fn\|net\)\>\ze\s\+\K' nextgroup=netdslDefined skipwhite
syntax match netdslDefined contained '\<\K\k*\>' nextgroup=netdslParameters skipwhite
syntax region netdslParameters contained transparent matchgroup=netdslBracket start='(' end=')' contains=netdslComment,netdslParameter,netdslTensor,netdslDefault
syntax match netdslParameter contained '\<\K\k*\>'
syntax match netdslTensor contained '\%(:\s*\)\@20<=\<tensor\>'
syntax region netdslDefault contained transparent matchgroup=netdslBracket start='=' end='\ze[,)]' contains=@netdslValue
syntax match netdslInput '\%(\%(^\|{\)\s*\)\@200<=\<input\>\ze\s\+\K\k*\s*:' nextgroup=netdslInputName skipwhite
syntax match netdslInputName contained '\<\K\k*\>' nextgroup=netdslShape skipwhite
syntax region netdslShape contained transparent oneline matchgroup=netdslBracket start=':' end='\ze->\|\ze[}#]\|$' contains=netdslDimension,netdslSize,netdslTimes,netdslUnknown,netdslOf,netdslType,netdslParens
syntax match netdslDimension contained '\K\k*'
syntax match netdslSize contained '\d[0-9_]*'
syntax match netdslTimes contained '\%([0-9?)]\s*\)\@20<=x\ze[0-9?( \t]\|\s\@1<=x\ze[ \t?(]'
syntax match netdslUnknown contained '?'
syntax match netdslOf contained '\<of\>'
syntax match netdslType contained '\<int\>\|\%(\<of\s\+\)\@20<=float\>'

" Train sections
syntax match netdslTrain '^\s*train\>\ze\%(\s\+\K\k*\)\?\s*{' nextgroup=netdslTrainName,netdslTrainBody skipwhite
syntax match netdslTrainName contained '\<\K\k*\>' nextgroup=netdslTrainBody skipwhite
syntax region netdslTrainBody contained transparent matchgroup=netdslBracket start='{' end='}' contains=@netdslTrained,netdslUnknownSetting,netdslSetting,netdslPhase fold
syntax match netdslUnknownSetting contained '\%(\%(^\|{\)\s*\)\@200<=\<\K\k*\>\ze\s*=\%(=\)\@!'
syntax match netdslSetting contained '\%(\%(^\|{\)\s*\)\@200<=\<\%(@settings@\)\>\ze\s*=\%(=\)\@!'
syntax match netdslPhase contained '\%(\%(^\|{\)\s*\)\@200<=\<phase\>\ze\%(\s\+\K\k*\)\?\s*{' nextgroup=netdslTrainName,netdslTrainBody skipwhite
syntax region netdslTrainedParens contained transparent matchgroup=netdslBracket start='(' end=')' contains=@netdslTrained
syntax region netdslTrainedBrackets contained transparent matchgroup=netdslBracket start='\[' end='\]' contains=@netdslTrained

syntax match netdslComment '#.*$' contains=@Spell
syntax match netdslString '"[^"]*"\?'

syntax sync minlines=300

highlight default link netdslComment Comment
highlight default link netdslString String
highlight default link netdslInteger Number
highlight default link netdslSize Number
highlight default link netdslFloat Float
highlight default link netdslCall Function
highlight default link netdslImported Function
highlight default link netdslBuiltin Function
highlight default link netdslLayer Function
highlight default link netdslInitializer Function
highlight default link netdslTraining Function
highlight default link netdslSymbol Constant
highlight default link netdslArgumentSymbol Constant
highlight default link netdslConstant Constant
highlight default link netdslUnknown Constant
highlight default link netdslWord Operator
highlight default link netdslFlow Operator
highlight default link netdslTimes Operator
highlight default link netdslControl Conditional
highlight default link netdslAs Keyword
highlight default link netdslStarting Keyword
highlight default link netdslExpect Keyword
highlight default link netdslInput Keyword
highlight default link netdslOf Keyword
highlight default link netdslInclude Include
highlight default link netdslImportWord Include
highlight default link netdslLet StorageClass
highlight default link netdslDeclaration Structure
highlight default link netdslTrain Structure
highlight default link netdslPhase Structure
highlight default link netdslDefined Type
highlight default link netdslTrainName Type
highlight default link netdslType Type
highlight default link netdslTensor Type
highlight default link netdslIt Special
highlight default link netdslName Identifier
highlight default link netdslInputName Identifier
highlight default link netdslSide Identifier
highlight default link netdslParameter Identifier
highlight default link netdslArgument Identifier
highlight default link netdslMember Identifier
highlight default link netdslSetting Label
highlight default link netdslBracket Delimiter

let b:current_syntax = 'netdsl'
