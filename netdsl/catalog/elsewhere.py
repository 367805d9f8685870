"""What words of the catalogue are called elsewhere: in PyTorch, in Keras, in papers.

For did-you-mean alone: a spec has one word for each thing. Words are compared without case and
underscores, so `MaxPool2d` is looked up as `maxpool2d`, and `max_pool` finds `maxpool` by itself.
"""

from __future__ import annotations

# By the word elsewhere, what it is called here; the same word may be a layer and an argument.
ELSEWHERE = {
    # Layers
    "activation": "relu",
    "adaptiveavgpool1d": "adaptive_avgpool",
    "adaptiveavgpool2d": "adaptive_avgpool",
    "adaptivemaxpool2d": "adaptive_maxpool",
    "averagepooling1d": "avgpool",
    "averagepooling2d": "avgpool",
    "avgpool1d": "avgpool",
    "avgpool2d": "avgpool",
    "batchnormalization": "batchnorm",
    "batchnorm1d": "batchnorm",
    "batchnorm2d": "batchnorm",
    "bn": "batchnorm",
    "cat": "concat",
    "clstoken": "class_token",
    "concatenate": "concat",
    "conv1d": "conv",
    "conv2d": "conv",
    "conv2dtranspose": "conv_transpose",
    "conv3d": "conv",
    "convolution": "conv",
    "convolution2d": "conv",
    "convtranspose1d": "conv_transpose",
    "convtranspose2d": "conv_transpose",
    "cropping2d": "crop",
    "deconv": "conv_transpose",
    "depthwiseconv2d": "depthwise",
    "dropblock": "spatial_dropout",
    "dropout2d": "spatial_dropout",
    "fc": "dense",
    "fullyconnected": "dense",
    "gap": "global_avgpool",
    "gaussiannoise": "gaussian_noise",
    "globalaveragepooling1d": "global_avgpool",
    "globalaveragepooling2d": "global_avgpool",
    "globalmaxpooling2d": "global_maxpool",
    "input": "it",
    "inputs": "it",
    "instancenorm2d": "instancenorm",
    "layernormalization": "layernorm",
    "linear": "dense",
    "localresponsenorm": "lrn",
    "maxpool1d": "maxpool",
    "maxpool2d": "maxpool",
    "maxpool3d": "maxpool",
    "maxpooling1d": "maxpool",
    "maxpooling2d": "maxpool",
    "mha": "attention",
    "multiheadattention": "attention",
    "multiply": "mul",
    "pointwise": "conv",
    "separableconv2d": "separable",
    "simplernn": "rnn",
    "skip": "identity",
    "spatialdropout2d": "spatial_dropout",
    "stochasticdepth": "drop_path",
    "subtract": "sub",
    "swish": "silu",
    "transposedconv": "conv_transpose",
    "upsampling2d": "upsample",
    "view": "reshape",
    "zeropadding2d": "pad",
    # Arguments
    "affine": "scale",
    "alpha": "slope",
    "biasinitializer": "bias_init",
    "dilationrate": "dilation",
    "dim": "axis",
    "embeddingdim": "units",
    "epsilon": "eps",
    "hiddensize": "units",
    "inputdim": "vocab",
    "kernelinitializer": "init",
    "kernelsize": "kernel",
    "learningrate": "lr",
    "negativeslope": "slope",
    "numembeddings": "vocab",
    "numgroups": "groups",
    "numheads": "heads",
    "outchannels": "filters",
    "outfeatures": "units",
    "outputdim": "units",
    "p": "rate",
    "padding": "pad",
    "poolsize": "size",
    "scalefactor": "factor",
    "strides": "stride",
    "usebias": "bias",
    # Settings, losses, optimizers, metrics
    "acc": "accuracy",
    "augmentation": "augment",
    "bce": "binary_cross_entropy",
    "bceloss": "binary_cross_entropy",
    "binarycrossentropy": "binary_cross_entropy",
    "batchsize": "batch",
    "categoricalcrossentropy": "cross_entropy",
    "criterion": "loss",
    "crossentropyloss": "cross_entropy",
    "dataset": "data",
    "gradclip": "clip",
    "learningratescheduler": "schedule",
    "lossfn": "loss",
    "lrscheduler": "schedule",
    "model": "net",
    "mseloss": "mse",
    "numepochs": "epochs",
    "opt": "optimizer",
    "scheduler": "schedule",
    "sparsecategoricalcrossentropy": "cross_entropy",
    "validationsplit": "split",
    # Figures of a promise
    "flops": "macs",
    "parameters": "params",
    "shape": "output",
    "weights": "params",
    # Constants
    "null": "none",
    "undefined": "none",
}

# Arguments elsewhere that are steps here, with {} for their value.
ADDED_STEPS = {
    "activation": "{}",
    "act": "{}",
    "nonlinearity": "{}",
    "dropout": "dropout({})",
}

# Arguments elsewhere that nothing needs here, and why.
NEEDLESS = {
    "datatype": "precision is a setting of the train section",
    "device": "where a net runs is said on the command line",
    "dtype": "precision is a setting of the train section",
    "inchannels": "the channels that flow in are known",
    "infeatures": "the features that flow in are known",
    "inplace": "memory is looked after by the backend",
    "inputchannels": "the channels that flow in are known",
    "inputshape": "shapes are known from the net's inputs",
    "inputsize": "shapes are known from the net's inputs",
    "numfeatures": "the channels that flow in are known",
    "dataformat": "shapes are always written channels last",
}


def here(word: str) -> str | None:
    """What a word from elsewhere is called here, if it is known."""
    return ELSEWHERE.get(folded(word))


def folded(word: str) -> str:
    """A word without case and underscores."""
    return word.lower().replace("_", "")
