package tinygpt.parameters;

/**
 * A low-rank adapter of a linear layer: y = x W + b + scale (x A) B.
 *
 * <p>Source: Hu et al., "LoRA: low-rank adaptation of large language models" (2021), section 4.1, with factors in the
 * order of this program's layers, [in, out]: PEFT stores the transposes.
 *
 * @param layer name of the layer, {@code h.0.attn.c_attn}
 * @param weight W, [in, out]
 * @param a A, [in, rank]
 * @param b B, [rank, out]; 0 before training, so that an adapter begins by changing nothing
 * @param scale alpha / rank
 */
public record Adapter(String layer, Parameter weight, Parameter a, Parameter b, float scale) {}
