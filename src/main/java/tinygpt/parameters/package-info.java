/**
 * Parameters: every number that training moves, named in one registry.
 *
 * <p>The {@link tinygpt.parameters.ParameterRegistry} is the single source of truth. Initialisation, optimizer groups,
 * counts, checkpoints, reports and FLOP counts are all derived from it; nothing in the program recognises a parameter by
 * the spelling of its name.
 */
package tinygpt.parameters;
