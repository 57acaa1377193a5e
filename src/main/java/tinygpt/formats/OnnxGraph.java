package tinygpt.formats;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.nd4j.shade.protobuf.ByteString;
import org.nd4j.shade.protobuf.CodedOutputStream;
import org.nd4j.shade.protobuf.WireFormat;
import tinygpt.parameters.Parameter;

/**
 * An ONNX model that is being put together, and its bytes.
 *
 * <p>Design: nodes, inputs, outputs and small constants are protocol buffers in memory. Weights are not: of each only the
 * header is made, and its numbers go from the model to the file in pieces. Protocol buffers allow that, since fields of a
 * message may come in any order and every length can be computed beforehand.
 *
 * <p>The only class outside {@code tensor} that names ND4J's jars: the ONNX messages there are generated from ONNX's own
 * schema, and need neither ND4J's tensors nor its native library.
 */
final class OnnxGraph {
    /** Of 2023; the first operator set with Gelu. Every runtime since ONNX Runtime 1.17 reads it. */
    private static final int OPERATOR_SET = 20;

    /** The version of the file format that belongs to it. */
    private static final int IR_VERSION = 9;

    private static final int PIECE = 1 << 16;

    private final ModelProto.Builder model = ModelProto.newBuilder();
    private final GraphProto.Builder graph = GraphProto.newBuilder();
    private final List<Weight> weights = new ArrayList<>();

    /** A tensor whose numbers are the model's. */
    private record Weight(Parameter parameter, TensorProto header) {
        long bytes() {
            return parameter.size() * Float.BYTES;
        }

        /** Of the whole message. */
        long size() {
            return header.getSerializedSize()
                    + CodedOutputStream.computeTagSize(TensorProto.RAW_DATA_FIELD_NUMBER)
                    + CodedOutputStream.computeUInt64SizeNoTag(bytes())
                    + bytes();
        }
    }

    /** What a number in an input or output is. */
    enum Type {
        FLOAT(TensorProto.DataType.FLOAT),
        INT64(TensorProto.DataType.INT64),
        BOOL(TensorProto.DataType.BOOL);

        private final TensorProto.DataType type;

        Type(TensorProto.DataType type) {
            this.type = type;
        }

        int number() {
            return type.getNumber();
        }
    }

    /** An operator, to be given its attributes. */
    static final class Node {
        private final NodeProto.Builder proto;

        private Node(NodeProto.Builder proto) {
            this.proto = proto;
        }

        Node with(String attribute, long value) {
            add(attribute, AttributeProto.AttributeType.INT).setI(value);
            return this;
        }

        Node with(String attribute, float value) {
            add(attribute, AttributeProto.AttributeType.FLOAT).setF(value);
            return this;
        }

        Node with(String attribute, String value) {
            add(attribute, AttributeProto.AttributeType.STRING).setS(ByteString.copyFromUtf8(value));
            return this;
        }

        Node with(String attribute, long[] values) {
            AttributeProto.Builder list = add(attribute, AttributeProto.AttributeType.INTS);
            for (long value : values) {
                list.addInts(value);
            }
            return this;
        }

        private AttributeProto.Builder add(String name, AttributeProto.AttributeType type) {
            return proto.addAttributeBuilder().setName(name).setType(type);
        }
    }

    /**
     * An empty model.
     *
     * @param producer the program that writes it
     */
    OnnxGraph(String name, String producer) {
        model.setIrVersion(IR_VERSION).setProducerName(producer);
        model.addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPERATOR_SET));
        graph.setName(name);
    }

    /** What the runtime is given. A size is a number, or a name if it may be any. */
    void input(String name, Type type, Object... sizes) {
        graph.addInput(value(name, type, sizes));
    }

    /** What the runtime gives back. */
    void output(String name, Type type, Object... sizes) {
        graph.addOutput(value(name, type, sizes));
    }

    /** A parameter, under its name. */
    void weight(Parameter parameter) {
        TensorProto.Builder header =
                TensorProto.newBuilder().setName(parameter.name()).setDataType(Type.FLOAT.number());
        for (int size : parameter.shape()) {
            header.addDims(size);
        }
        weights.add(new Weight(parameter, header.build()));
    }

    /** A single number. */
    String constant(String name, float value) {
        graph.addInitializer(TensorProto.newBuilder()
                .setName(name)
                .setDataType(Type.FLOAT.number())
                .addFloatData(value));
        return name;
    }

    /** A single whole number. */
    String constant(String name, long value) {
        graph.addInitializer(TensorProto.newBuilder()
                .setName(name)
                .setDataType(Type.INT64.number())
                .addInt64Data(value));
        return name;
    }

    /** A list of whole numbers. */
    String constants(String name, long... values) {
        TensorProto.Builder tensor = TensorProto.newBuilder()
                .setName(name)
                .setDataType(Type.INT64.number())
                .addDims(values.length);
        for (long value : values) {
            tensor.addInt64Data(value);
        }
        graph.addInitializer(tensor);
        return name;
    }

    /** An operator with one output. */
    Node node(String operator, String output, String... inputs) {
        return node(operator, List.of(output), inputs);
    }

    /** An operator. It is named as its first output is. */
    Node node(String operator, List<String> outputs, String... inputs) {
        NodeProto.Builder node = graph.addNodeBuilder().setOpType(operator).setName(outputs.get(0));
        node.addAllOutput(outputs).addAllInput(List.of(inputs));
        return new Node(node);
    }

    /** Number of weights. */
    int tensors() {
        return weights.size();
    }

    /** How many numbers are in them. */
    long numbers() {
        return weights.stream().mapToLong(weight -> weight.parameter().size()).sum();
    }

    /** Bytes of the file. */
    long size() {
        long size = graphSize();
        return model.build().getSerializedSize()
                + CodedOutputStream.computeTagSize(ModelProto.GRAPH_FIELD_NUMBER)
                + CodedOutputStream.computeUInt64SizeNoTag(size)
                + size;
    }

    private long graphSize() {
        long size = graph.build().getSerializedSize();
        for (Weight weight : weights) {
            size += CodedOutputStream.computeTagSize(GraphProto.INITIALIZER_FIELD_NUMBER)
                    + CodedOutputStream.computeUInt64SizeNoTag(weight.size())
                    + weight.size();
        }
        return size;
    }

    /** Writes the file. */
    void writeTo(OutputStream stream, ExportedModel.Numbers numbers) throws IOException {
        CodedOutputStream out = CodedOutputStream.newInstance(stream, PIECE);
        model.build().writeTo(out);
        begin(out, ModelProto.GRAPH_FIELD_NUMBER, graphSize());
        graph.build().writeTo(out);
        for (Weight weight : weights) {
            begin(out, GraphProto.INITIALIZER_FIELD_NUMBER, weight.size());
            weight.header().writeTo(out);
            begin(out, TensorProto.RAW_DATA_FIELD_NUMBER, weight.bytes());
            write(out, numbers, weight.parameter());
        }
        out.flush();
    }

    /** The head of a message, a text or raw bytes inside another message. */
    private static void begin(CodedOutputStream out, int field, long size) throws IOException {
        out.writeTag(field, WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeUInt64NoTag(size);
    }

    private static void write(CodedOutputStream out, ExportedModel.Numbers numbers, Parameter parameter)
            throws IOException {
        float[] piece = new float[(int) Math.min(PIECE, parameter.size())];
        ByteBuffer bytes = ByteBuffer.allocate(piece.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long done = 0; done < parameter.size(); done += piece.length) {
            int count = (int) Math.min(piece.length, parameter.size() - done);
            numbers.read(parameter, done, piece, 0, count);
            bytes.asFloatBuffer().put(piece, 0, count);
            out.writeRawBytes(bytes.array(), 0, count * Float.BYTES);
        }
    }

    private static ValueInfoProto value(String name, Type type, Object... sizes) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (Object size : sizes) {
            if (size instanceof Integer number) {
                shape.addDimBuilder().setDimValue(number);
            } else {
                shape.addDimBuilder().setDimParam((String) size);
            }
        }
        TypeProto.Tensor tensor = TypeProto.Tensor.newBuilder()
                .setElemType(type.number())
                .setShape(shape)
                .build();
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }
}
