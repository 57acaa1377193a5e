/**
 * File formats that other tools read: safetensors, the Hugging Face GPT-2 folder with its tokenizer, ONNX, and
 * llm-viz.
 *
 * <p>A {@link tinygpt.formats.ModelExporter} writes an {@link tinygpt.formats.ExportedModel}, whose numbers it reads piece by
 * piece wherever they are. What it writes is there whole or not at all.
 *
 * <p>A file is taken to come from a stranger. Everything its header says is checked before a number is read: lengths
 * against the size of the file, offsets against each other, names against the registry. Whatever is wrong ends in one
 * {@link tinygpt.formats.BadFileException}, and no header makes the reader allocate more than a small multiple of the
 * header's own bytes. Reading headers does not start ND4J.
 */
package tinygpt.formats;
