"""The service levels of each carrier by token and name; read by catalogue.py.

Source: the official Python SDK 4.0.0 of the Shippo API (OpenAPI document 2018-02-08, read November 2026), modules
servicelevel*enum.py: 38 carriers, 305 tokens. Misspelt and swapped names are put right; tokens are as they are there.
"""

from __future__ import annotations

# A line at the margin is a carrier; below it, one service to a line: token, two spaces, name.
SHEET = """
airterra
    airterra_ground  GroundXC
    airterra_postal  FastPost
apc_postal
    apc_postal_parcelconnect_expedited  parcelConnect Expedited
    apc_postal_parcelconnect_priority  parcelConnect Priority
    apc_postal_parcelconnect_priority_delcon  parcelConnect Priority Delcon
    apc_postal_parcelconnect_priority_pqw  parcelConnect Priority PQW
    apc_postal_parcelconnect_book_service  parcelConnect Book Service
    apc_postal_parcelconnect_standard  parcelConnect Standard
    apc_postal_parcelconnect_epmi  parcelConnect ePMI
    apc_postal_parcelconnect_epacket  parcelConnect ePacket
    apc_postal_parcelconnect_epmei  parcelConnect ePMEI
apg
    epacket  ePacket
    epacket_plus  ePacket Plus
    eparcel_premium  eParcel premium
    apg_eparcel_expedited  eParcel Expedited
fastway_australia
    fastway_australia_parcel  Parcel
    fastway_australia_satchel  Satchel
    fastway_australia_box_small  Box Small
    fastway_australia_box_medium  Box Medium
    fastway_australia_box_large  Box Large
asendia_us
    asendia_us_priority_tracked  Asendia USA Priority Tracked
    asendia_us_international_express  Asendia USA International Express
    asendia_us_international_priority_airmail  Asendia USA International Priority Airmail
    asendia_us_international_surface_airlift  Asendia USA International Surface Air Lift
    asendia_us_priority_mail_international  Asendia USA Priority Mail International
    asendia_us_priority_mail_express_international  Asendia USA Priority Mail Express International
    asendia_us_epacket  Asendia USA International ePacket
    asendia_us_other  Asendia USA Other Services (custom)
australia_post
    australia_post_express_post  Express Post
    australia_post_parcel_post  Parcel Post
    australia_post_pack_and_track_international  Pack and Track International
    australia_post_international_airmail  International Airmail
    australia_post_express_post_international  Express Post International
    australia_post_express_courier_international  Express Courier International
    australia_post_international_express  International Express
    australia_post_international_standard  International Standard
    australia_post_international_economy  International Economy
    australia_post_parcel_post_return  Parcel Post Return
better_trucks
    better_trucks_same_day  Same Day
    better_trucks_next_day  Next Day
canada_post
    canada_post_regular_parcel  Regular Parcel
    canada_post_expedited_parcel  Expedited Parcel
    canada_post_priority  Priority
    canada_post_xpresspost  Xpresspost
    canada_post_xpresspost_international  Xpresspost International
    canada_post_xpresspost_usa  Xpresspost USA
    canada_post_expedited_parcel_usa  Expedited Parcel USA
    canada_post_tracked_packet_usa  Tracked Packet USA
    canada_post_small_packet_usa_air  Small Packet USA Air
    canada_post_tracked_packet_international  Tracked Packet International
    canada_post_small_packet_international_air  Small Package International Air
    canada_post_small_packet_international_surface  Small Packet International Surface
    canada_post_international_parcel_surface  International Parcel Surface
    canada_post_international_parcel_air  International Parcel Air
cdl
    cdl_next_day  Next Day
chronopost
    chronopost_13  Chrono 13
    chronopost_10  Chrono 10
    chronopost_18  Chrono 18
    chronopost_relais_fr  Chrono Point Relais
    chronopost_classic  Chrono Classic International
    chronopost_express  Chrono Express International
colissimo
    colissimo_home  Domicile
    colissimo_pick_up_point  Point Retrait
    colissimo_return_mainland_france  Retour France
correos_espana
    correos_standard_home  Paquete Estándar
    correos_premium_home  Paquete Premium
deutsche_post
    deutsche_post_postkarte  Postkarte
    deutsche_post_standardbrief  Standardbrief
    deutsche_post_kompaktbrief  Kompaktbrief
    deutsche_post_grossbrief  Grossbrief
    deutsche_post_maxibrief  Maxibrief
    deutsche_post_maxibrief_plus  Maxibrief Plus
    deutsche_post_warenpost_international_xs  Warenpost International XS
    deutsche_post_warenpost_international_s  Warenpost International S
    deutsche_post_warenpost_international_m  Warenpost International M
    deutsche_post_warenpost_international_l  Warenpost International L
dhl_ecommerce
    dhl_ecommerce_marketing_parcel_expedited  Marketing Parcel Expedited
    dhl_ecommerce_globalmail_business_ipa  GlobalMail Business IPA
    dhl_ecommerce_parcel_international_direct  Parcel International Direct
    dhl_ecommerce_parcels_expedited_max  Parcels Expedited Max
    dhl_ecommerce_bpm_ground  Bound Printed Matter Ground
    dhl_ecommerce_priority_expedited  Priority Expedited
    dhl_ecommerce_globalmail_packet_ipa  GlobalMail Packet IPA
    dhl_ecommerce_globalmail_packet_isal  GlobalMail Packet ISAL
    dhl_ecommerce_easy_return_plus  Easy Return Plus
    dhl_ecommerce_marketing_parcel_ground  Marketing Parcel Ground
    dhl_ecommerce_first_class_parcel_expedited  First Class Parcel Expedited
    dhl_ecommerce_globalmail_business_priority  GlobalMail Business Priority
    dhl_ecommerce_parcels_expedited  Parcels Expedited
    dhl_ecommerce_globalmail_business_isal  GlobalMail Business ISAL
    dhl_ecommerce_parcel_plus_expedited_max  Parcel Plus Expedited Max
    dhl_ecommerce_globalmail_packet_plus  GlobalMail Packet Plus
    dhl_ecommerce_parcels_ground  Parcels Ground
    dhl_ecommerce_expedited  Expedited
    dhl_ecommerce_parcel_plus_ground  Parcel Plus Ground
    dhl_ecommerce_parcel_international_standard  Parcel International Standard
    dhl_ecommerce_bpm_expedited  Bound Printed Matter Expedited
    dhl_ecommerce_parcel_international_expedited  Parcel International Expedited
    dhl_ecommerce_globalmail_packet_priority  GlobalMail Packet Priority
    dhl_ecommerce_easy_return_light  Easy Return Light
    dhl_ecommerce_parcel_plus_expedited  Parcel Plus Expedited
    dhl_ecommerce_globalmail_business_standard  GlobalMail Business Standard
    dhl_ecommerce_ground  Ground
    dhl_ecommerce_globalmail_packet_standard  GlobalMail Packet Standard
dhl_express
    dhl_express_domestic_express_doc  Domestic Express Doc
    dhl_express_economy_select_doc  Economy Select Doc
    dhl_express_worldwide_nondoc  Express Worldwide Nondoc
    dhl_express_worldwide_doc  Express Worldwide Doc
    dhl_express_worldwide  Worldwide
    dhl_express_worldwide_eu_doc  Express Worldwide EU Doc
    dhl_express_break_bulk_express_doc  Break Bulk Express Doc
    dhl_express_express_9_00_nondoc  Express 9:00 NonDoc
    dhl_express_economy_select_nondoc  Economy Select NonDoc
    dhl_express_break_bulk_economy_doc  Break Bulk Economy Doc
    dhl_express_express_9_00_doc  Express 9:00 Doc
    dhl_express_express_10_30_doc  Express 10:30 Doc
    dhl_express_express_10_30_nondoc  Express 10:30 NonDoc
    dhl_express_express_12_00_doc  Express 12:00 Doc
    dhl_express_europack_nondoc  Europack NonDoc
    dhl_express_express_envelope_doc  Express Envelope Doc
    dhl_express_express_12_00_nondoc  Express 12:00 NonDoc
    dhl_express_express_12_doc  Domestic Express 12:00
    dhl_express_worldwide_b2c_doc  Express Worldwide (B2C) Doc
    dhl_express_worldwide_b2c_nondoc  Express Worldwide (B2C) NonDoc
    dhl_express_medical_express  Medical Express
    dhl_express_express_easy_nondoc  Express Easy NonDoc
dhl_germany
    dhl_germany_europaket  DHL Germany Europaket
    dhl_germany_paket  DHL Germany Paket
    dhl_germany_paket_connect  DHL Germany Paket Connect
    dhl_germany_paket_international  DHL Germany Paket International
    dhl_germany_paket_priority  DHL Germany Paket Priority
    dhl_germany_paket_sameday  DHL Germany Paket Sameday
dpd_de
    dpd_de_classic  DPD Classic
dpd_uk
    dpd_uk_ship_to_shop  Ship to shop
    dpd_uk_1030  Door to door 10.30 next day
    dpd_uk_1200  Door to door 12.00 next day
    dpd_uk_saturday  Saturday Delivery
    dpd_uk_saturday_1030  Saturday Delivery 10.30
    dpd_uk_saturday_1200  Saturday Delivery 12.00
    dpd_uk_sunday  Sunday Delivery
    dpd_uk_sunday_1030  Sunday Delivery 10.30
    dpd_uk_sunday_1200  Sunday Delivery 12.00
    dpd_uk_next_day  Next day
    dpd_uk_two_day  Two day
    dpd_uk_classic  DPD Classic
    dpd_uk_air_classic  DPD Air Classic
    dpd_uk_air_express  DPD Air Express
    dpd_uk_direct  DPD Direct
    dpd_uk_direct_tracked_mail  DPD Tracked Mail
    dpd_uk_pickup_returns  Pickup Returns
rr_donnelley
    rr_donnelley_domestic_economy_parcel  Domestic Economy Parcel
    rr_donnelley_domestic_priority_parcel  Domestic Priority Parcel
    rr_donnelley_domestic_parcel_bpm  Domestic Parcel BPM
    rr_donnelley_priority_domestic_priority_parcel_bpm  Domestic Priority Parcel BPM
    rr_donnelley_priority_parcel_delcon  International Priority Parcel DelCon
    rr_donnelley_priority_parcel_nondelcon  International Priority Parcel NonDelcon
    rr_donnelley_economy_parcel  Economy Parcel Service
    rr_donnelley_ipa  International Priority Airmail (IPA)
    rr_donnelley_courier  International Courier
    rr_donnelley_isal  International Surface Air Lift (ISAL)
    rr_donnelley_epacket  e-Packet
    rr_donnelley_pmi  Priority Mail International
    rr_donnelley_emi  Express Mail International
hermes_uk
    hermes_uk_courier_service  Courier Collection
    hermes_uk_parcelshop_dropoff  ParcelShop Drop-Off
    hermes_uk_parcelshop_dropoff_nextday  ParcelShop Drop-Off Next Day
    hermes_uk_postable  Postable
    hermes_uk_postable_nextday  Postable Next Day
fedex
    fedex_ground  FedEx Ground®
    fedex_home_delivery  FedEx Home Delivery®
    fedex_smart_post  FedEx SmartPost®
    fedex_ground_economy  FedEx Ground® Economy
    fedex_2_day  FedEx 2Day®
    fedex_2_day_am  FedEx 2Day® A.M.
    fedex_express_saver  FedEx Express Saver®
    fedex_standard_overnight  FedEx Standard Overnight®
    fedex_priority_overnight  FedEx Priority Overnight®
    fedex_first_overnight  FedEx First Overnight®
    fedex_international_economy  FedEx International Economy®
    fedex_international_priority  FedEx International Priority®
    fedex_international_first  FedEx International First®
    fedex_europe_first_international_priority  FedEx International First®
    fedex_international_connect_plus  FedEx International Connect Plus
    fedex_first  FedEx First
    fedex_priority  FedEx Priority
    fedex_priority_express  FedEx Priority Express
    fedex_economy_select  FedEx® Economy
    fedex_regional_economy  FedEx® Regional Economy
    fedex_first_overnight_extra_hours  First Overnight® EH
    fedex_international_priority_express  International Priority® Express
    fedex_next_day_mid_morning  Next Day Mid Morning
    fedex_priority_overnight_extra_hours  Priority Overnight® EH
    fedex_standard_overnight_extra_hours  Standard Overnight® EH
globegistics
    globegistics_priority_mail_express_international  Globegistics Priority Mail Express International
    globegistics_priority_mail_international  Globegistics Priority Mail International
    globegistics_priority_mail_express_international_pds  Globegistics Priority Mail Express International PreSort Drop Ship
    globegistics_priority_mail_international_pds  Globegistics Priority Mail International PreSort Drop Ship
    globegistics_epacket  Globegistics ePacket
    globegistics_ecom_tracked_ddp  Globegistics eCom Tracked DDP
    globegistics_ecom_packet_ddp  Globegistics eCom Packet DDP
    globegistics_ecom_priority_mail_international_ddp  Globegistics eCom Priority Mail International DDP
    globegistics_ecom_priority_mail_express_international_ddp  Globegistics eCom Priority Mail Express International DDP
    globegistics_ecom_extra  Globegistics eCom Extra
    globegistics_ecom_international_priority_airmail  Globegistics eCom International Priority Airmail
    globegistics_ecom_international_surface_airlift  Globegistics eCom International Surface Air Lift
gls_us
    gls_us_cps  GSO Ground
    gls_us_eps  Early Priority Overnight
    gls_us_ess  Early Saturday Delivery
    gls_us_nps  Noon Priority Overnight
    gls_us_pds  Priority Overnight
    gls_us_sds  Saturday Delivery
axlehire
    axlehire_same_day  Same Day
    axlehire_next_day  Next Day
lasership
    lasership_routed_delivery  Routed Delivery
lso
    lso_ground  Ground
    lso_economy_next_day  Economy Next Day
    lso_saturday_delivery  Saturday Delivery
    lso_2nd_day  2nd Day
    lso_priority_next_day  Priority Next Day
    lso_early_overnight  Early Overnight
mondial_relay
    mondial_relay_pointrelais  Point Relais
ontrac
    ontrac_ground  Ground
    ontrac_sunrise_gold  Sunrise Gold
    ontrac_sunrise  Sunrise
parcelforce
    parcelforce_express48  Express 48
    parcelforce_express24  Express 24
    parcelforce_expressam  Express AM
poste_italiane
    poste_italiane_delivery_business_express  Poste Delivery Business Express
purolator
    purolator_ground  Ground
    purolator_ground9_am  Ground 9am
    purolator_ground1030_am  Ground 10:30am
    purolator_ground_distribution  Ground Distribution
    purolator_ground_evening  Ground Evening
    purolator_ground_us  Ground US
    purolator_express  Express
    purolator_express9_am  Express 9am
    purolator_express1030_am  Express 10:30am
    purolator_express_evening  Express Evening
    purolator_express_us  Express US
    purolator_express_us9_am  Express US 9am
    purolator_express_us1030_am  Express US 10:30am
    purolator_express_us1200  Express US 12pm
    purolator_express_international  Express International
    purolator_express_international9_am  Express International 9am
    purolator_express_international1030_am  Express International 10:30am
    purolator_express_international1200  Express International 12pm
royal_mail
    royal_mail_tracked_letter_boxable_24_no_signature  Royal Mail Tracked Letter-Boxable 24 No Signature
    royal_mail_tracked_letter_boxable_48_no_signature  Royal Mail Tracked Letter-Boxable 48 No Signature
    royal_mail_tracked_24_returns  Royal Mail Tracked Returns 24
    royal_mail_tracked_48_returns  Royal Mail Tracked Returns 48
    royal_mail_special_delivery_guaranteed_1pm  Special Delivery Guaranteed by 1pm
    royal_mail_special_delivery_guaranteed_9am  Special Delivery Guaranteed by 9am
    royal_mail_24  RoyalMail 24
    royal_mail_48  RoyalMail 48
    royal_mail_signed_for_first_class  Signed for First Class
    royal_mail_signed_for_second_class  Signed for Second Class
    royal_mail_standard_first_class  Standard First Class
    royal_mail_standard_second_class  Standard Second Class
    royal_mail_tracked_24_no_signature  Royal Mail Tracked 24 No Signature
    royal_mail_tracked_48_no_signature  Royal Mail Tracked 48 No Signature
    royal_mail_intl_bus_mail_lrg_ltr_zone_sort_pri  International Business Mail Large Letter Zone Sort Priority
    royal_mail_intl_bus_parcels_tracked_zone_sort  International Business Parcels Tracked Zone Sort
    royal_mail_intl_bus_parcels_tracked_country_priced  International Business Parcels Tracked Country Priced
    royal_mail_intl_bus_parcels_tracked_signed_zone_srt  International Business Parcels & Signed Zone Sort
    royal_mail_24_flat_rate  Royal Mail 24 Parcel Flat Rate
    royal_mail_48_flat_rate  Royal Mail 48 Parcel Flat Rate
sendle
    sendle_parcel  Sendle Parcel
    sendle_standard_dropoff  Sendle Standard Dropoff
swyft
    same_day  Same Day
    next_day  Next Day
uds
    uds_next_day  Next Day
ups
    ups_standard  Standard℠
    ups_ground  Ground
    ups_saver  Saver®
    ups_3_day_select  3 Day Select®
    ups_second_day_air  2nd Day Air®
    ups_second_day_air_am  2nd Day Air® A.M.
    ups_next_day_air  Next Day Air®
    ups_next_day_air_saver  Next Day Air Saver®
    ups_next_day_air_early_am  Next Day Air® Early
    ups_mail_innovations_bpm_flat  Mail Innovations BPM Flat
    ups_mail_innovations_bpm_parcel  Mail Innovations BPM Parcel
    ups_mail_innovations_irregular  Mail Innovations Irregular
    ups_mail_innovations_media_mail  Mail Innovations Media Mail
    ups_mail_innovations_parcel  Mail Innovations Parcel
    ups_mail_innovations_standard_flat  Mail Innovations Standard Flat
    ups_surepost  Surepost
    ups_surepost_bound_printed_matter  SurePost® Bound Printed Matter
    ups_surepost_lightweight  Surepost Lightweight
    ups_surepost_media  SurePost® Media
    ups_express  Express®
    ups_express_1200  Express 12:00
    ups_express_plus  Express Plus®
    ups_expedited  Expedited®
    ups_express_early  Express® Early
    ups_access_point_economy  Access Point™ Economy
usps
    usps_priority  Priority Mail
    usps_priority_express  Priority Mail Express
    usps_media_mail  Media Mail
    usps_priority_mail_international  Priority Mail International
    usps_priority_mail_express_international  Priority Mail Express International
    usps_first_class_package_international_service  First Class Package International
    usps_ground_advantage  Ground Advantage
veho
    veho_ground_plus  Ground Plus
    veho_premium_economy  Premium Economy
"""  # noqa: E501 - some names are long
