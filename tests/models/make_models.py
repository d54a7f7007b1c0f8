"""Writes the models that the tests run on: `make_models.py DIR`. The same bytes every time.

well behaved
  simple.onnx                INPUT0, INPUT1 INT32[N,16] -> OUTPUT0 sum, OUTPUT1 difference
  fixed_batch.onnx           the same on INT32[1,16]; no batch axis
  identity_<type>.onnx       INPUT[N] -> OUTPUT, one for each tensor type, lower case
  identity_matrix.onnx       INPUT FP32[N,width] -> OUTPUT
  iris.onnx                  scikit-learn: X FP32[N,4] -> label INT64[N], probabilities FP32[N,3]
  iris_zipmap.onnx           the same with probabilities as sequence<map<int64, float>>
  iris_words.onnx            the same with class names: sequence<map<string, float>>
  logarithm.onnx             FP32[N,1] -> its logarithm: NaN and infinities in an answer
  mlp.onnx                   X FP32[N,784] -> Y FP32[N,10]: 784-512-512-10, cheaper by the row in batches
  gather.onnx                INT64[N] indices into 4 rows: fails at run time on any other index
  gather_any.onnx            the same, with any index: one beyond the table is taken for the nearest
  throws.onnx                the same, and throws where an index is above 3
  count.onnx                 iterations INT64[1] -> total FP32[1], the same number: in place of slow_by_input
  external/                  model.onnx and its weights.bin
slow or endless
  slow.onnx                  FP32[N,4] -> FP32[N,4] in about half a second
  slow_by_input.onnx         iterations INT64[1] -> total FP32[1]: about 0.05 ms an iteration
  loop_forever.onnx          FP32[N,1] in a Loop that never ends
hostile
  huge_allocation.onnx       FP32[N,1] -> FP32[N,1] by way of a tensor of 1 TiB
  memory_by_input.onnx       size INT64[1] -> FP32[size] of zeros
  operator_by_input.onnx     size INT64[2] -> FP32: one multiplication of [n,m] by [m,n]
  external_traversal.onnx    weights in `../outside.bin`
  external_absolute.onnx     weights in /etc/passwd
  external_link/             model.onnx and weights.bin, which is a symbolic link out of the folder
  deep.onnx                  20 graphs nested in one another
  deep_bytes.onnx            5,000 of them, beyond every parser's recursion limit
  function_chain.onnx        20,000 local functions, each calling the next
  function_bomb.onnx         40 local functions, each calling the next twice: 2^40 nodes once inlined
  many_nodes.onnx            200,000 nodes
  huge_dimension.onnx        an input of 2^62 columns
  huge_initializer.onnx      an initializer that claims 2^40 x 2^40 values and holds none
  unknown_operator.onnx      an operator nobody has
  pickle.onnx archive.onnx noise.onnx empty.onnx truncated.onnx    no model at all
"""

import io
import pathlib
import pickle
import sys
import zipfile

import numpy
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

OPSET = [helper.make_opsetid("", 17)]
IR_VERSION = 8

TENSOR_TYPES = {
    "bool": TensorProto.BOOL,
    "uint8": TensorProto.UINT8,
    "uint16": TensorProto.UINT16,
    "uint32": TensorProto.UINT32,
    "uint64": TensorProto.UINT64,
    "int8": TensorProto.INT8,
    "int16": TensorProto.INT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "fp16": TensorProto.FLOAT16,
    "bf16": TensorProto.BFLOAT16,
    "fp32": TensorProto.FLOAT,
    "fp64": TensorProto.DOUBLE,
    "string": TensorProto.STRING,
}


def model(nodes, inputs, outputs, initializers=(), opsets=OPSET, functions=()):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, initializers)
    return helper.make_model(
        graph,
        opset_imports=list(opsets),
        ir_version=IR_VERSION,
        producer_name="slipway-tests",
        functions=list(functions),
    )


def tensor(name, element, shape):
    return helper.make_tensor_value_info(name, element, shape)


def add_and_subtract(batch):
    shape = [batch, 16]
    names = ["INPUT0", "INPUT1", "OUTPUT0", "OUTPUT1"]
    values = [tensor(name, TensorProto.INT32, shape) for name in names]
    nodes = [
        helper.make_node("Add", names[:2], ["OUTPUT0"]),
        helper.make_node("Sub", names[:2], ["OUTPUT1"]),
    ]
    return model(nodes, values[:2], values[2:])


def identity(element, shape):
    node = helper.make_node("Identity", ["INPUT"], ["OUTPUT"])
    return model([node], [tensor("INPUT", element, shape)], [tensor("OUTPUT", element, shape)])


def logarithm():
    shape = ["N", 1]
    node = helper.make_node("Log", ["INPUT0"], ["OUTPUT0"])
    return model([node], [tensor("INPUT0", TensorProto.FLOAT, shape)], [tensor("OUTPUT0", TensorProto.FLOAT, shape)])


def gather():
    table = numpy_helper.from_array(numpy.arange(8, dtype=numpy.float32).reshape(4, 2), "table")
    node = helper.make_node("Gather", ["table", "indices"], ["rows"])
    return model(
        [node], [tensor("indices", TensorProto.INT64, ["N"])], [tensor("rows", TensorProto.FLOAT, ["N", 2])], [table]
    )


def gather_any(throws=False):
    """With `throws` an index above 3 makes the last Reshape ask for columns that are not there."""
    constants = {
        "table": numpy.arange(8, dtype=numpy.float32).reshape(4, 2),
        "least": numpy.array(0, dtype=numpy.int64),
        "most": numpy.array(3, dtype=numpy.int64),
        "rows_any": numpy.array([-1], dtype=numpy.int64),
        "columns": numpy.array([2], dtype=numpy.int64),
        "prime": numpy.array(1_000_003, dtype=numpy.int64),
    }
    nodes = [
        helper.make_node("Clip", ["indices", "least", "most"], ["known"]),
        helper.make_node("Gather", ["table", "known"], ["found" if throws else "rows"]),
    ]
    if throws:
        nodes += [
            helper.make_node("Sub", ["indices", "known"], ["beyond"]),
            helper.make_node("Max", ["beyond", "least"], ["above"]),
            helper.make_node("ReduceSum", ["above"], ["excess"], keepdims=0),
            helper.make_node("Mul", ["excess", "prime"], ["more_columns"]),
            helper.make_node("Add", ["columns", "more_columns"], ["width"]),
            helper.make_node("Concat", ["rows_any", "width"], ["shape"], axis=0),
            helper.make_node("Reshape", ["found", "shape"], ["rows"]),
        ]
    return model(
        nodes,
        [tensor("indices", TensorProto.INT64, ["N"])],
        [tensor("rows", TensorProto.FLOAT, ["N", 2])],
        [constant(name, array) for name, array in constants.items()],
    )


def count():
    node = helper.make_node("Cast", ["iterations"], ["total"], to=TensorProto.FLOAT)
    return model([node], [tensor("iterations", TensorProto.INT64, [1])], [tensor("total", TensorProto.FLOAT, [1])])


def mlp():
    random = numpy.random.default_rng(784)
    sizes = [784, 512, 512, 10]
    nodes, weights, x = [], [], "X"
    for layer, (inputs, outputs) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        matrix = random.standard_normal((inputs, outputs)) / numpy.sqrt(inputs)
        weights.append(numpy_helper.from_array(matrix.astype(numpy.float32), f"matrix{layer}"))
        weights.append(numpy_helper.from_array(random.standard_normal(outputs).astype(numpy.float32), f"bias{layer}"))
        nodes.append(helper.make_node("Gemm", [x, f"matrix{layer}", f"bias{layer}"], [f"sum{layer}"]))
        is_last = layer == len(sizes) - 2
        x = "Y" if is_last else f"hidden{layer}"
        nodes.append(helper.make_node("Softmax" if is_last else "Relu", [f"sum{layer}"], [x]))
    return model(
        nodes, [tensor("X", TensorProto.FLOAT, ["N", 784])], [tensor("Y", TensorProto.FLOAT, ["N", 10])], weights
    )


def iris_classifier(words, zipmap):
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    iris = load_iris()
    labels = iris.target_names[iris.target].astype(str) if words else iris.target
    fitted = LogisticRegression(max_iter=1000).fit(iris.data, labels)
    return convert_sklearn(
        fitted,
        name="iris",
        initial_types=[("X", FloatTensorType([None, 4]))],
        final_types=None,
        options={id(fitted): {"zipmap": zipmap}},
        target_opset=17,
    )


def tabular():
    """Gradient boosting over the 30 columns of the breast cancer data set."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import GradientBoostingClassifier

    data = load_breast_cancer()
    fitted = GradientBoostingClassifier(n_estimators=100, max_depth=3, random_state=0).fit(data.data, data.target)
    return convert_sklearn(
        fitted,
        name="tabular",
        initial_types=[("X", FloatTensorType([None, 30]))],
        options={id(fitted): {"zipmap": False}},
        target_opset=17,
    )


def loop_body(square=False):
    """The body of a Loop; with `square` it multiplies a matrix, which takes about 0.05 ms."""
    nodes = [helper.make_node("Identity", ["keep_in"], ["keep_out"])]
    if square:
        nodes.append(helper.make_node("Cast", ["iteration"], ["step"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Add", ["matrix", "step"], ["changing"]))  # or it would be computed only once
        nodes.append(helper.make_node("MatMul", ["changing", "matrix"], ["product"]))
        nodes.append(helper.make_node("ReduceMean", ["product"], ["mean"], keepdims=0))
        nodes.append(helper.make_node("Add", ["total_in", "mean"], ["total_out"]))
    else:
        nodes.append(helper.make_node("Identity", ["total_in"], ["total_out"]))
    return helper.make_graph(
        nodes,
        "body",
        [
            tensor("iteration", TensorProto.INT64, []),
            tensor("keep_in", TensorProto.BOOL, []),
            tensor("total_in", TensorProto.FLOAT, None),
        ],
        [tensor("keep_out", TensorProto.BOOL, []), tensor("total_out", TensorProto.FLOAT, None)],
    )


def constant(name, array):
    return numpy_helper.from_array(array, name)


def matrix():
    return constant("matrix", numpy.full((64, 64), 1 / 64, dtype=numpy.float32))


def slow_by_input():
    nodes = [
        helper.make_node("Squeeze", ["iterations", "axis"], ["count"]),
        helper.make_node("Loop", ["count", "yes", "start"], ["total"], body=loop_body(square=True)),
    ]
    initializers = [
        matrix(),
        constant("axis", numpy.array([0], dtype=numpy.int64)),
        constant("yes", numpy.array(True)),
        constant("start", numpy.zeros(1, dtype=numpy.float32)),
    ]
    return model(
        nodes,
        [tensor("iterations", TensorProto.INT64, [1])],
        [tensor("total", TensorProto.FLOAT, [1])],
        initializers,
    )


def slow():
    node = helper.make_node("Loop", ["count", "yes", "INPUT0"], ["OUTPUT0"], body=loop_body(square=True))
    initializers = [
        matrix(),
        constant("count", numpy.array(10_000, dtype=numpy.int64)),
        constant("yes", numpy.array(True)),
    ]
    shape = ["N", 4]
    return model(
        [node],
        [tensor("INPUT0", TensorProto.FLOAT, shape)],
        [tensor("OUTPUT0", TensorProto.FLOAT, shape)],
        initializers,
    )


def loop_forever():
    node = helper.make_node("Loop", ["", "yes", "INPUT0"], ["OUTPUT0"], body=loop_body())
    shape = ["N", 1]
    return model(
        [node],
        [tensor("INPUT0", TensorProto.FLOAT, shape)],
        [tensor("OUTPUT0", TensorProto.FLOAT, shape)],
        [constant("yes", numpy.array(True))],
    )


def memory_by_input():
    node = helper.make_node("ConstantOfShape", ["size"], ["zeros"])
    return model([node], [tensor("size", TensorProto.INT64, [1])], [tensor("zeros", TensorProto.FLOAT, ["length"])])


def operator_by_input():
    """One operator that takes as long as the input says: it cannot be stopped between two nodes."""
    nodes = [
        helper.make_node("ConstantOfShape", ["size"], ["zeros"]),
        helper.make_node("Transpose", ["zeros"], ["transposed"], perm=[1, 0]),
        helper.make_node("MatMul", ["zeros", "transposed"], ["product"]),
        helper.make_node("ReduceMax", ["product"], ["largest"], keepdims=0),
    ]
    return model(nodes, [tensor("size", TensorProto.INT64, [2])], [tensor("largest", TensorProto.FLOAT, [])])


def huge_allocation():
    """The sum over a tensor of 2^38 floats that holds only the input's first value."""
    nodes = [
        helper.make_node("Expand", ["INPUT0", "shape"], ["expanded"]),
        helper.make_node("ReduceSum", ["expanded", "axis"], ["OUTPUT0"], keepdims=1),
    ]
    initializers = [
        constant("shape", numpy.array([1, 1 << 38], dtype=numpy.int64)),
        constant("axis", numpy.array([1], dtype=numpy.int64)),
    ]
    shape = ["N", 1]
    return model(
        nodes,
        [tensor("INPUT0", TensorProto.FLOAT, shape)],
        [tensor("OUTPUT0", TensorProto.FLOAT, shape)],
        initializers,
    )


def external(location, length=16):
    weights = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "0"), ("length", str(length))):
        weights.external_data.add(key=key, value=value)
    node = helper.make_node("Add", ["INPUT0", "weights"], ["OUTPUT0"])
    shape = ["N", 4]
    return model(
        [node],
        [tensor("INPUT0", TensorProto.FLOAT, shape)],
        [tensor("OUTPUT0", TensorProto.FLOAT, shape)],
        [weights],
    )


def nested_graph(levels):
    """If in If in If: `levels` graphs, the innermost an Identity of the model's input."""
    graph = helper.make_graph(
        [helper.make_node("Identity", ["INPUT0"], ["result0"])],
        "level0",
        [],
        [tensor("result0", TensorProto.FLOAT, None)],
    )
    for level in range(1, levels):
        result = f"result{level}"
        node = helper.make_node("If", ["yes"], [result], then_branch=graph, else_branch=shallow_graph(level))
        graph = helper.make_graph([node], f"level{level}", [], [tensor(result, TensorProto.FLOAT, None)])
    return graph


def shallow_graph(level):
    name = f"other{level}"
    node = helper.make_node("Identity", ["INPUT0"], [name])
    return helper.make_graph([node], name, [], [tensor(name, TensorProto.FLOAT, None)])


def deep(levels=20):
    inner = nested_graph(levels - 1)
    node = helper.make_node("If", ["yes"], ["OUTPUT0"], then_branch=inner, else_branch=shallow_graph(levels))
    shape = ["N", 1]
    return model(
        [node],
        [tensor("INPUT0", TensorProto.FLOAT, shape)],
        [tensor("OUTPUT0", TensorProto.FLOAT, shape)],
        [constant("yes", numpy.array(True))],
    )


def varint(number):
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def field(number, payload):
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def deep_bytes(levels=5000):
    """Nested by hand, since protobuf itself refuses to write so deep.

    GraphProto.node = 1, NodeProto.attribute = 5, AttributeProto.g = 6.
    """
    graph = b""
    for _ in range(levels):
        attribute = field(1, b"then_branch") + field(6, graph) + varint(20 << 3) + varint(5)
        graph = field(1, field(4, b"If") + field(5, attribute)) + field(2, b"level")
    return varint(1 << 3) + varint(IR_VERSION) + field(7, graph) + field(8, varint(2 << 3) + varint(17))


def functions(length, calls):
    """`length` local functions of which each calls the next one `calls` times, one call after the other."""
    domain = "chain"
    opsets = [*OPSET, helper.make_opsetid(domain, 1)]
    local = []
    for step in range(length):
        last = step == length - 1
        kind, kind_domain = ("Identity", "") if last else (f"step{step + 1}", domain)
        names = ["x", *(f"t{call}" for call in range(1, calls)), "y"]
        nodes = [helper.make_node(kind, [names[call]], [names[call + 1]], domain=kind_domain) for call in range(calls)]
        local.append(helper.make_function(domain, f"step{step}", ["x"], ["y"], nodes, opsets))
    shape = ["N", 1]
    return model(
        [helper.make_node("step0", ["INPUT0"], ["OUTPUT0"], domain=domain)],
        [tensor("INPUT0", TensorProto.FLOAT, shape)],
        [tensor("OUTPUT0", TensorProto.FLOAT, shape)],
        opsets=opsets,
        functions=local,
    )


def many_nodes(count=200_000):
    names = ["INPUT0", *(f"t{step}" for step in range(1, count)), "OUTPUT0"]
    nodes = [NodeProto(op_type="Identity", input=[names[step]], output=[names[step + 1]]) for step in range(count)]
    shape = ["N", 1]
    return model(nodes, [tensor("INPUT0", TensorProto.FLOAT, shape)], [tensor("OUTPUT0", TensorProto.FLOAT, shape)])


def huge_initializer():
    weights = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[1 << 40, 1 << 40], raw_data=b"")
    node = helper.make_node("Add", ["INPUT0", "weights"], ["OUTPUT0"])
    return model(
        [node],
        [tensor("INPUT0", TensorProto.FLOAT, [1, 1])],
        [tensor("OUTPUT0", TensorProto.FLOAT, [1 << 40, 1 << 40])],
        [weights],
    )


def unknown_operator():
    node = helper.make_node("Nobody", ["INPUT0"], ["OUTPUT0"], domain="com.example")
    shape = ["N", 1]
    return model(
        [node],
        [tensor("INPUT0", TensorProto.FLOAT, shape)],
        [tensor("OUTPUT0", TensorProto.FLOAT, shape)],
        opsets=[*OPSET, helper.make_opsetid("com.example", 1)],
    )


def archive(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as writer:
        writer.writestr(zipfile.ZipInfo("model.onnx"), content)
    return buffer.getvalue()


def serialized(built):
    return built.SerializeToString(deterministic=True) if isinstance(built, ModelProto) else built


def write_bundle(folder, built, weights=None):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(serialized(built))
    if weights is not None:
        (folder / "weights.bin").write_bytes(weights)


def write_external(folder):
    weights = numpy.array([1, 2, 3, 4], dtype=numpy.float32).tobytes()
    (folder / "outside.bin").write_bytes(weights)
    write_bundle(folder / "external", external("weights.bin"), weights)
    write_bundle(folder / "external_link", external("weights.bin"))
    link = folder / "external_link" / "weights.bin"
    link.unlink(missing_ok=True)
    link.symlink_to("../outside.bin")


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    simple = add_and_subtract("N")
    models = {
        "simple": simple,
        "fixed_batch": add_and_subtract(1),
        **{f"identity_{name}": identity(element, ["N"]) for name, element in TENSOR_TYPES.items()},
        "identity_matrix": identity(TensorProto.FLOAT, ["N", "width"]),
        "iris": iris_classifier(words=False, zipmap=False),
        "iris_zipmap": iris_classifier(words=False, zipmap=True),
        "iris_words": iris_classifier(words=True, zipmap=True),
        "logarithm": logarithm(),
        "mlp": mlp(),
        "tabular": tabular(),
        "gather": gather(),
        "gather_any": gather_any(),
        "throws": gather_any(throws=True),
        "count": count(),
        "slow": slow(),
        "slow_by_input": slow_by_input(),
        "loop_forever": loop_forever(),
        "huge_allocation": huge_allocation(),
        "memory_by_input": memory_by_input(),
        "operator_by_input": operator_by_input(),
        "external_traversal": external("../outside.bin"),
        "external_absolute": external("/etc/passwd"),
        "deep": deep(),
        "deep_bytes": deep_bytes(),
        "function_chain": functions(length=20_000, calls=1),
        "function_bomb": functions(length=40, calls=2),
        "many_nodes": many_nodes(),
        "huge_dimension": identity(TensorProto.FLOAT, ["N", 1 << 62]),
        "huge_initializer": huge_initializer(),
        "unknown_operator": unknown_operator(),
        "pickle": pickle.dumps({"model": "a pickle"}, protocol=4),
        "archive": archive(serialized(simple)),
        "noise": numpy.random.default_rng(1).bytes(4096),
        "empty": b"",
        "truncated": serialized(simple)[:-40],
    }
    for name, built in models.items():
        (folder / f"{name}.onnx").write_bytes(serialized(built))
    write_external(folder)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
