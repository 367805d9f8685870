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
syntax match netdslBuiltin '\<\%(abs\|ceil\|enumerate\|floor\|len\|log\|max\|min\|range\|reversed\|round\|sqrt\|sum\|zip\)\>\ze\s*('
syntax match netdslSymbol '\<\%(all\|balanced\|bfloat16\|bilinear\|byte\|character\|double\|float16\|float32\|float64\|last\|learned\|macro\|matrices\|micro\|nearest\|same\|sequence\|single\|sinusoidal\|valid\|weighted\|word\)\>\%(\s*(\)\@!'
syntax match netdslInitializer '\<\%(fill\|glorot_normal\|glorot_uniform\|he_normal\|he_uniform\|lecun_normal\|normal\|ones\|orthogonal\|uniform\|zeros\)\>'
syntax match netdslLayer '\<\%(adaptive_avgpool\|adaptive_maxpool\|add\|attention\|avgpool\|batchnorm\|channel_shuffle\|class_token\|concat\|constant\|conv\|conv_transpose\|crop\|dense\|depthwise\|div\|dot\|drop_path\|dropout\|elu\|embedding\|flatten\|gaussian_noise\|gelu\|global_avgpool\|global_maxpool\|gram\|groupnorm\|gru\|hard_sigmoid\|hard_swish\|identity\|instancenorm\|l2_normalize\|layer_scale\|layernorm\|leaky_relu\|log_softmax\|lrn\|lstm\|matmul\|maximum\|maxout\|maxpool\|mean\|minimum\|mish\|mul\|normalize\|not_equal\|one_hot\|pad\|pad_channels\|parameter\|permute\|pixel_shuffle\|positional\|prelu\|reduce_max\|reduce_mean\|reduce_sum\|relative_bias\|relu\|relu6\|rescale\|reshape\|resize\|rmsnorm\|rnn\|roll\|sample\|selu\|separable\|sigmoid\|silu\|slice\|softmax\|softplus\|softsign\|spatial_dropout\|step\|sub\|take\|tanh\|unflatten\|unpool\|upsample\)\>'
syntax match netdslTraining contained '\<\%(accuracy\|adagrad\|adam\|adamw\|adversarial\|auc\|binary_cross_entropy\|bits\|cifar10\|cifar100\|circles\|color_jitter\|confusion\|constant\|contrastive\|cosine\|crop\|cross_entropy\|csv\|cutmix\|cutout\|dice\|digits\|exponential\|f1\|fashion_mnist\|flip\|focal\|folder\|gauss\|hebbian\|hinge\|huber\|huggingface\|iou\|iris\|kl_divergence\|labelled_text\|least_squares\|library_text\|mackey_glass\|mae\|masks\|minimax\|mixup\|mnist\|mse\|noise\|non_saturating\|npz\|one_cycle\|pairs\|parquet\|patience\|perplexity\|photographs\|pictures\|plateau\|precision\|pretrained\|r2\|recall\|recall_at\|reversal\|rmsprop\|rotate\|scale\|series\|sgd\|shapes\|shards\|shift\|spirals\|step\|stylize\|supervised\|synthetic\|text\|top\|triplet\|triplets\|wgan_gp\|xor\)\>'
syntax match netdslConstant '\<\%(false\|none\|true\)\>'
syntax match netdslWord '\<\%(and\|in\|not\|or\)\>'
syntax match netdslControl '\<\%(as\|else\|for\|if\|import\|of\|repeat\)\>'
syntax match netdslExpect '\<expect\>\ze\s\+\K\k*\s*=\%(=\)\@!'
syntax match netdslIt '\<it\>'
syntax match netdslArgument contained '\<\K\k*\>\ze\s*=\%(=\)\@!'
syntax match netdslArgumentSymbol contained '\%(=\s*\)\@20<=\<\%(identity\|mean\|relu\|sigmoid\|sum\|tanh\)\>\%(\s*(\)\@!'
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
syntax match netdslStarting '\%(\%(^\|{\)\s*\)\@200<=\<\%(assert\|auxiliary\|block\|default\|expect\|fn\|from\|input\|let\|net\|output\|phase\|shared\|train\)\>\%(\s*[=.]\)\@!'
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
syntax match netdslSetting contained '\%(\%(^\|{\)\s*\)\@200<=\<\%(accumulate\|augment\|batch\|carry\|clip\|data\|early_stopping\|ema\|epochs\|fast\|freeze\|init\|l1\|l2\|loss\|method\|metrics\|net\|optimizer\|precision\|schedule\|seed\|split\|steps\)\>\ze\s*=\%(=\)\@!'
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
