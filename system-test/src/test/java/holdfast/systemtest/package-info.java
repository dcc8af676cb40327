/// What only the whole can show: that the modules keep to their places, that the launcher starts
/// them, that the parts do the main job together.
package holdfast.systemtest;
