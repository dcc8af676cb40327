package holdfast.control;

/// A card of a recovery instance, and the network that it is in.
///
/// @param position among the instance's cards, from 0
/// @param stack that the network is of
/// @param network its id on the host
/// @param hardwareAddress of the card
record Attachment(
        String instance, long position, String stack, String network, String hardwareAddress) {}
